package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
)

func TestPCAPForms(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, magic := range []uint32{pcapMicro, pcapNano, pcapModified} {
			for _, snap := range []uint32{0, 96, 65535, 1 << 31} { // 0 and too little are met in the wild
				f := pcapForm{order: order, magic: magic, snap: snap, network: 1}
				b, want := f.file(testData(50, 1500))
				r := sameAnyWay(t, b)
				wantFrames(t, r.frames(), want)
				wantLines(t, r.lines)
			}
		}
	}
}

func TestPCAPNetworkField(t *testing.T) {
	for network, want := range map[uint32]LinkType{
		1:          1,
		0x14000001: 1, // a check sequence of 2 16-bit words follows each frame
		0xf4000071: 113,
		0x0fff0065: 101,
	} {
		f := little
		f.network = network
		b, _ := f.file([]string{"one packet with some bytes"})
		if r := readBytes(t, "x", b); len(r.frames()) != 1 || r.frames()[0].Link != want {
			t.Errorf("network %#x gives %v, want link type %d", network, r.frames(), want)
		}
	}
}

func TestPCAPUnknownLink(t *testing.T) {
	f := little
	f.network = 147
	b, want := f.file([]string{"a", "b"})
	path := writeFile(t, t.TempDir(), "x.pcap", b)
	r := readArgs(t, FindOptions{}, path)
	wantFrames(t, r.frames(), want)
	wantLines(t, r.lines, path+": link type 147 is not known here; its frames are counted and passed over")
	if k := r.problems[0].Kind; k != UnknownLink || !k.Partial() {
		t.Errorf("kind %v", k)
	}
}

func TestPCAPOddRecords(t *testing.T) {
	f := little
	old := pcapForm{order: binary.BigEndian, magic: pcapMicro, minor: 3, network: 1}
	for _, c := range []struct {
		name string
		b    []byte
		want []kept
	}{
		{"no packets", f.header(), nil},
		{"captured more than there was", slices.Concat(f.header(), f.record(testStart, 0, 6, 4, "abcdef"), f.packet(testStart, 5, "x")),
			[]kept{{testTime(0), "abcdef", 6, 1, 0, 1}, {testTime(0) + 5000, "x", 1, 2, 0, 1}}},
		{"cut by the snap length", slices.Concat(f.header(), f.record(testStart, 0, 3, 1514, "abc")),
			[]kept{{testTime(0), "abc", 1514, 1, 0, 1}}},
		{"nothing kept", slices.Concat(f.header(), f.record(testStart, 0, 0, 60, ""), f.packet(testStart, 0, "x")),
			[]kept{{testTime(0), "", 60, 1, 0, 1}, {testTime(0), "x", 1, 2, 0, 1}}},
		{"lengths swapped in version 2.3", slices.Concat(old.header(), old.record(testStart, 0, 9, 3, "abc"), old.record(testStart, 0, 1, 1, "x")),
			[]kept{{testTime(0), "abc", 9, 1, 0, 1}, {testTime(0), "x", 1, 2, 0, 1}}},
		{"nanoseconds under the wrong magic", slices.Concat(f.header(), f.packet(testStart, 999_999_999, "a"), f.packet(testStart, 2_000_000, "b")),
			[]kept{{testTime(0) + 999_999_999_000, "a", 1, 1, 0, 1}, {testTime(0) + 2_000_000_000, "b", 1, 2, 0, 1}}},
		{"time goes where it likes", slices.Concat(f.header(), f.packet(testStart, 0, "a"), f.packet(5, 0, "b"), f.packet(1<<32-1, 0, "c"), f.packet(testStart, 0, "d")),
			[]kept{{testTime(0), "a", 1, 1, 0, 1}, {5 * second, "b", 1, 2, 0, 1}, {(1<<32 - 1) * second, "c", 1, 3, 0, 1}, {testTime(0), "d", 1, 4, 0, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sameAnyWay(t, c.b)
			wantFrames(t, r.frames(), c.want)
			wantLines(t, r.lines)
		})
	}
}

func TestPCAPAppended(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, magic := range []uint32{pcapMicro, pcapNano, pcapModified} {
			a, want := little.file(testData(5, 100))
			b, more := pcapForm{order: order, magic: magic, network: 101}.file(testData(3, 100))
			for i := range more {
				more[i].Number += 5
			}
			r := sameAnyWay(t, slices.Concat(a, b))
			wantFrames(t, r.frames(), append(want, more...))
			wantLines(t, r.lines)
		}
	}
}

func TestPCAPLargestRecords(t *testing.T) {
	big := strings.Repeat("\xaa", maxCaptured)
	data := []string{"a", big, big, "b", big[1:], big}
	b, want := little.file(data)
	r := sameAnyWay(t, b)
	wantFrames(t, r.frames(), want)
	wantLines(t, r.lines)
}

func TestPCAPTruncatedAnywhere(t *testing.T) {
	for _, f := range []pcapForm{little, {order: binary.BigEndian, magic: pcapModified, network: 1}} {
		b, want := f.file(testData(6, 60))
		starts := []int{24}
		for i := range want {
			starts = append(starts, starts[i]+len(f.packet(0, 0, want[i].Data)))
		}
		for cut := 24; cut <= len(b); cut++ {
			n, _ := slices.BinarySearch(starts, cut+1)
			n-- // records that are whole
			r := readBytes(t, "x.pcap", b[:cut])
			wantFrames(t, r.frames(), want[:n])
			if starts[n] == cut {
				wantLines(t, r.lines)
				continue
			}
			if len(r.problems) != 1 || r.problems[0].Kind != Truncated || r.problems[0].Offset != int64(starts[n]) {
				t.Fatalf("cut at %d: %q", cut, r.lines)
			}
		}
	}
}

func TestPCAPTruncatedMessages(t *testing.T) {
	b, _ := little.file([]string{"0123456789", "0123456789"})
	for _, c := range []struct {
		cut  int
		want string
	}{
		{0, "the file is empty"},
		{3, "too short to be a capture (" + cureKnown + ")"},
		{10, "offset 0: the file ends inside its header"},
		{23, "offset 0: the file ends inside its header"},
		{24 + 26 + 7, "offset 50: the file ends inside the header of record 2"},
		{24 + 26 + 16, "offset 50: the file ends inside record 2: 0 of its 10 bytes are there"},
		{24 + 26 + 25, "offset 50: the file ends inside record 2: 9 of its 10 bytes are there"},
	} {
		path := writeFile(t, t.TempDir(), "x.pcap", b[:c.cut])
		wantLines(t, readArgs(t, FindOptions{}, path).lines, path+": "+c.want)
	}
}

// damageCase is a way to spoil a good file.
type damageCase struct {
	name  string
	spoil func(b []byte, at int) []byte // at is where a record begins
	want  string                        // with %d for the record's offset
	lose  int                           // records that may be lost
}

func pcapDamage() []damageCase {
	return []damageCase{
		{"length of 4 GiB", func(b []byte, at int) []byte {
			copy(b[at+8:], "\xff\xff\xff\xff")
			return b
		}, "offset %d: record 21 claims 4294967295 bytes; reading went on at offset ", 1},
		{"a block of zeros", func(b []byte, at int) []byte {
			clear(b[at : at+512])
			return b
		}, "offset %d: record 21 is all zeros; reading went on at offset ", 6},
		{"a block of noise", func(b []byte, at int) []byte {
			for i := range 512 {
				b[at+i] = byte(0x81 + i*7%0x70)
			}
			return b
		}, "offset %d: record 21 claims ", 6},
		{"bytes lost", func(b []byte, at int) []byte {
			return slices.Delete(b, at+5, at+40)
		}, "offset %d: record 21 claims ", 2},
		{"bytes added", func(b []byte, at int) []byte {
			return slices.Insert(b, at, bytes.Repeat([]byte{0xee}, 100_000)...)
		}, "offset %d: record 21 claims 4008636142 bytes; reading went on at offset ", 0},
		{"a length too large by a bit", func(b []byte, at int) []byte {
			b[at+9] ^= 0x10
			return b
		}, "offset ", 3},
	}
}

func TestPCAPDamage(t *testing.T) {
	for _, c := range pcapDamage() {
		t.Run(c.name, func(t *testing.T) {
			data := testData(3000, 200)
			b, want := little.file(data)
			at := 24
			for i := range 20 {
				at += 16 + len(data[i])
			}
			b = c.spoil(b, at)
			path := writeFile(t, t.TempDir(), "x.pcap", b)
			r := readArgs(t, FindOptions{}, path)
			if len(r.lines) != 1 {
				t.Fatalf("problems %q, want one", r.lines)
			}
			line := c.want
			if strings.Contains(line, "%d") {
				line = fmt.Sprintf(line, at)
			}
			if !strings.HasPrefix(r.lines[0], path+": "+line) || r.problems[0].Kind != Corrupt {
				t.Errorf("problem %q, want %q", r.lines[0], line)
			}
			checkSurvivors(t, r.frames(), want, 20, c.lose)
			sameAnyWay(t, b)
		})
	}
}

// checkSurvivors checks that all frames before the damage are there, and all
// after it but lose.
func checkSurvivors(t *testing.T, got, want []kept, before, lose int) {
	t.Helper()
	wantFrames(t, got[:before], want[:before])
	there := map[string]bool{}
	for _, f := range got {
		there[f.Data] = true
	}
	missing := 0
	for _, f := range want {
		if !there[f.Data] {
			missing++
		}
	}
	if missing > lose {
		t.Errorf("%d frames were lost, want %d at most", missing, lose)
	}
}

func TestPCAPDamageToTheEnd(t *testing.T) {
	b, want := little.file(testData(10, 100))
	path := writeFile(t, t.TempDir(), "x.pcap", append(b, bytes.Repeat([]byte{0xff}, 300_000)...))
	r := readArgs(t, FindOptions{}, path)
	wantFrames(t, r.frames(), want)
	wantLines(t, r.lines, fmt.Sprintf("%s: offset %d: record 11 claims 4294967295 bytes; no record was found after it", path, len(b)))
}

func TestPCAPLastLengthWrong(t *testing.T) {
	data := testData(10, 100)
	b, want := little.file(data)
	at := 24
	for i := range 7 {
		at += 16 + len(data[i])
	}
	b[at+9] = 0x40 // claims 16 KiB more, which is beyond the end
	path := writeFile(t, t.TempDir(), "x.pcap", b)
	r := readArgs(t, FindOptions{}, path)
	if len(r.frames()) != 9 {
		t.Fatalf("%d frames, want 9", len(r.frames()))
	}
	wantFrames(t, r.frames()[:7], want[:7])
	wantLines(t, r.lines, fmt.Sprintf("%s: offset %d: record 8 reaches beyond the end; reading went on at offset %d",
		path, at, at+16+len(data[7])))
}

func TestPCAPManyDamages(t *testing.T) {
	b := little.header()
	for i := range 30 {
		for j := range 5 {
			b = append(b, little.packet(testStart, uint32(i*5+j), "a packet of some bytes")...)
		}
		b = append(b, bytes.Repeat([]byte{0xff}, 50)...)
	}
	r := readBytes(t, "x.pcap", b)
	if n := len(r.frames()); n != 150 {
		t.Errorf("%d frames, want 150", n)
	}
	if len(r.lines) != maxProblems || !strings.HasSuffix(r.lines[maxProblems-1], "; more problems of this file are not listed") {
		t.Errorf("problems %q", r.lines)
	}
}

func TestPCAPFlips(t *testing.T) {
	data := testData(400, 300)
	good, want := little.file(data)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := bytes.Clone(good)
		for range 1 + rnd.IntN(2) {
			b[24+rnd.IntN(len(b)-24)] ^= 1 << rnd.IntN(8)
		}
		r := readBytes(t, "x.pcap", b)
		there := map[string]bool{}
		for _, f := range r.frames() {
			there[f.Data] = true
		}
		lost := 0
		for _, f := range want {
			if !there[f.Data] {
				lost++
			}
		}
		if lost > 8 {
			t.Fatalf("%d frames lost to two flipped bits: %q", lost, r.lines)
		}
	}
}

func TestPCAPAgainstOracle(t *testing.T) {
	var ours, theirs bytes.Buffer
	w, err := NewWriter(&ours, LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	o := pcapgo.NewWriterNanos(&theirs)
	if err := o.WriteFileHeader(maxCaptured, 1); err != nil {
		t.Fatal(err)
	}
	var want []kept
	for i, d := range testData(40, 2000) {
		at := testTime(i) + 123
		if err := w.Write(at, []byte(d), len(d)+i); err != nil {
			t.Fatal(err)
		}
		ci := gopacket.CaptureInfo{Timestamp: at.Time(), CaptureLength: len(d), Length: len(d) + i}
		if err := o.WritePacket(ci, []byte(d)); err != nil {
			t.Fatal(err)
		}
		want = append(want, kept{at, d, len(d) + i, uint64(i + 1), 0, 1})
	}
	if !bytes.Equal(ours.Bytes(), theirs.Bytes()) {
		t.Error("Writer writes something else than pcapgo")
	}
	wantFrames(t, readBytes(t, "x", ours.Bytes()).frames(), want)
}

func TestWriterRefusesGiants(t *testing.T) {
	w, err := NewWriter(new(bytes.Buffer), LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(0, make([]byte, maxCaptured+1), 0); !errors.Is(err, ErrFrameSize) {
		t.Errorf("error %v", err)
	}
	if err := w.Write(0, make([]byte, maxCaptured), 0); err != nil {
		t.Errorf("error %v", err)
	}
}

// TestPCAPClaims checks that a small file that claims much costs little.
func TestPCAPClaims(t *testing.T) {
	path := writeFile(t, t.TempDir(), "x.pcap", slices.Concat(little.header(), little.record(testStart, 0, maxCaptured, maxCaptured, "abc")))
	got := allocated(func() { readArgs(t, FindOptions{}, path) })
	if got > 2<<20 {
		t.Errorf("a file of 43 bytes cost %d bytes of memory", got)
	}
	if filepath.Ext(path) != ".pcap" {
		t.Fatal(path)
	}
}
