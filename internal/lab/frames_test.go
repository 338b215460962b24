//go:build linux

package lab

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// packet4 is a frame with an IPv4 packet of n bytes of payload.
func packet4(n int) []byte {
	f := make([]byte, ethernet+20+n)
	f[12], f[13] = 8, 0
	ip := f[ethernet:]
	ip[0], ip[8], ip[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(20+n))
	for i := range n {
		ip[20+i] = byte(i)
	}
	return f
}

func TestFragmentsCarryThePacket(t *testing.T) {
	for _, n := range []int{1, 47, 48, 49, 96, 500} {
		whole := packet4(n)
		for _, reverse := range []bool{false, true} {
			got := make([]byte, n)
			parts := fragment(whole, 68, reverse)
			for _, p := range parts {
				ip := p[ethernet:]
				if len(ip) > 68 || len(ip) != int(binary.BigEndian.Uint16(ip[2:])) {
					t.Errorf("%d bytes: a fragment of %d", n, len(ip))
				}
				if len(parts) > 1 && checksum(ip[:20]) != 0 {
					t.Errorf("%d bytes: wrong checksum", n)
				}
				copy(got[int(binary.BigEndian.Uint16(ip[6:])&0x1fff)*8:], ip[20:])
			}
			if !bytes.Equal(got, whole[ethernet+20:]) {
				t.Errorf("%d bytes, reverse %v: other bytes", n, reverse)
			}
			if (n > 48) != (len(parts) > 1) {
				t.Errorf("%d bytes: %d fragments", n, len(parts))
			}
		}
	}
}

func TestTagsComeOff(t *testing.T) {
	f := packet4(10)
	for _, ids := range [][]uint16{nil, {1}, {1, 4095}, {1, 2, 3}} {
		tagged := tag(f, ids)
		if len(tagged) != len(f)+4*len(ids) || !bytes.Equal(untag(tagged), f) {
			t.Errorf("%v: %x", ids, tagged[:ethernet+8])
		}
	}
}

func TestConditionsAreRepeatable(t *testing.T) {
	c := Conditions{Loss: .2, Duplicate: .2, Reorder: .2, Seed: 9}
	run := func() (out []piece) {
		r := rand.New(rand.NewPCG(c.Seed, 1))
		for i := range 500 {
			out = append(out, c.apply(r, ToServer, packet4(i))...)
		}
		return out
	}
	a, b := run(), run()
	late := 0
	for i := range a {
		if len(a) != len(b) || a[i].after != b[i].after || !bytes.Equal(a[i].data, b[i].data) {
			t.Fatal("the same seed gave something else")
		}
		if a[i].after > 0 {
			late++
		}
	}
	if len(a) < 400 || len(a) > 550 || late < 100 || late > 250 {
		t.Errorf("of 500 frames came %d, %d of them late", len(a), late)
	}
	arp := make([]byte, 60)
	arp[12], arp[13] = 8, 6
	all := Conditions{Loss: 1}
	if len(all.apply(rand.New(rand.NewPCG(1, 1)), ToServer, arp)) != 1 {
		t.Error("ARP was lost")
	}
}
