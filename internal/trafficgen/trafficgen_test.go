package trafficgen

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func generate(t *testing.T, o Options) ([]byte, Truth) {
	t.Helper()
	var b bytes.Buffer
	truth, err := Generate(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), truth
}

func small(p Profile) Options {
	o := Defaults(p)
	o.Bytes, o.Flows, o.Conc, o.OtherConc = 1<<20, 300, 20, 30
	return o
}

func TestSameOptionsGiveTheSameBytes(t *testing.T) {
	for _, p := range Profiles() {
		a, at := generate(t, small(p))
		b, bt := generate(t, small(p))
		if !bytes.Equal(a, b) || at.Logins != bt.Logins {
			t.Errorf("%s: two runs differ", p)
		}
		o := small(p)
		o.Seed++
		if c, _ := generate(t, o); bytes.Equal(a, c) {
			t.Errorf("%s: another seed gives the same capture", p)
		}
	}
}

func TestTruthCountsWhatWasWritten(t *testing.T) {
	for _, p := range Profiles() {
		b, truth := generate(t, small(p))
		if int64(len(b)) != truth.Bytes {
			t.Errorf("%s: %d bytes written, truth says %d", p, len(b), truth.Bytes)
		}
		packets := int64(0)
		for rest := b[24:]; len(rest) > 0; packets++ {
			n := binary.LittleEndian.Uint32(rest[8:])
			if n < 42 || n > 1600 || n != binary.LittleEndian.Uint32(rest[12:]) {
				t.Fatalf("%s: packet %d of %d bytes", p, packets, n)
			}
			rest = rest[16+n:]
		}
		if packets != truth.Packets {
			t.Errorf("%s: %d packets written, truth says %d", p, packets, truth.Packets)
		}
		sum := 0
		for _, n := range truth.ByMechanism {
			sum += n
		}
		if int64(sum) != truth.Logins {
			t.Errorf("%s: mechanisms sum to %d, logins %d", p, sum, truth.Logins)
		}
		if flood := p == Flood || p == Midflood; flood != (truth.Logins == 0) {
			t.Errorf("%s: %d logins", p, truth.Logins)
		}
	}
}

func TestChecksumsAreValid(t *testing.T) {
	o := small(Mix)
	o.VLAN = 0
	b, _ := generate(t, o)
	for rest := b[24:]; len(rest) > 0; {
		n := binary.LittleEndian.Uint32(rest[8:])
		f := rest[16 : 16+n]
		rest = rest[16+n:]
		if f[12] == 0x08 {
			if fold(add16(0, f[14:34])) != 0 {
				t.Fatal("an IPv4 header with a wrong checksum")
			}
			sum := add16(uint32(f[23])+uint32(len(f)-34), f[26:34])
			if fold(add16(sum, f[34:])) != 0 {
				t.Fatal("a segment with a wrong checksum")
			}
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := Generate(&bytes.Buffer{}, Defaults("none")); err == nil {
		t.Error("an unknown profile is accepted")
	}
	o := Defaults(Mail)
	o.Rate = 0
	if _, err := Generate(&bytes.Buffer{}, o); err == nil {
		t.Error("a rate of 0 is accepted")
	}
}
