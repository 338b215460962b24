package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// ngForm writes pcapng in a byte order.
type ngForm struct{ order endian }

type endian interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var littleNG = ngForm{binary.LittleEndian}
var bigNG = ngForm{binary.BigEndian}

func (f ngForm) n16(v ...uint16) []byte {
	var b []byte
	for _, x := range v {
		b = f.order.AppendUint16(b, x)
	}
	return b
}

func (f ngForm) n32(v ...uint32) []byte {
	var b []byte
	for _, x := range v {
		b = f.order.AppendUint32(b, x)
	}
	return b
}

func padded(s string) []byte { return append([]byte(s), make([]byte, -len(s)&3)...) }

// block makes a block of the given body.
func (f ngForm) block(kind uint32, body ...[]byte) []byte {
	b := slices.Concat(body...)
	size := uint32(12 + len(b))
	return slices.Concat(f.n32(kind, size), b, f.n32(size))
}

func (f ngForm) section() []byte {
	return f.block(blockSection, f.n32(byteOrder), f.n16(1, 0), bytes.Repeat([]byte{0xff}, 8))
}

// option makes an option; code 0 ends a list.
func (f ngForm) option(code uint16, value ...byte) []byte {
	return slices.Concat(f.n16(code, uint16(len(value))), padded(string(value)))
}

func (f ngForm) describe(link uint16, snap uint32, options ...[]byte) []byte {
	return f.block(blockInterface, f.n16(link, 0), f.n32(snap), slices.Concat(options...))
}

func (f ngForm) packet(id uint32, stamp uint64, length int, data string, options ...[]byte) []byte {
	return f.block(blockEnhanced, f.n32(id, uint32(stamp>>32), uint32(stamp), uint32(len(data)), uint32(length)),
		padded(data), slices.Concat(options...))
}

// file makes a whole file of one interface, one packet a millisecond, and what it must give.
func (f ngForm) file(data []string) ([]byte, []kept) {
	b := slices.Concat(f.section(), f.describe(1, 65535))
	var want []kept
	for i, d := range data {
		b = append(b, f.packet(0, uint64(testTime(i)/1000), len(d), d)...)
		want = append(want, kept{testTime(i), d, len(d), uint64(i + 1), 0, 1})
	}
	return b, want
}

func TestPCAPNGOrders(t *testing.T) {
	for _, f := range []ngForm{littleNG, bigNG} {
		b, want := f.file(testData(50, 1500))
		r := sameAnyWay(t, b)
		wantFrames(t, r.frames(), want)
		wantLines(t, r.lines)
	}
}

func TestPCAPNGBlocks(t *testing.T) {
	f, g := littleNG, bigNG
	at := uint64(testTime(0) / 1000)
	comment := f.option(1, []byte("a comment")...)
	for _, c := range []struct {
		name string
		b    []byte
		want []kept
	}{
		{"section only", f.section(), nil},
		{"several interfaces", slices.Concat(f.section(), f.describe(1, 0), f.describe(113, 0), f.describe(101, 0, f.option(9, 9)),
			f.packet(2, uint64(testTime(0)), 1, "a"), f.packet(0, at, 2, "bb"), f.packet(1, at, 9, "ccc", comment, f.option(0))),
			[]kept{{testTime(0), "a", 1, 1, 0, 101}, {testTime(0), "bb", 2, 2, 0, 1}, {testTime(0), "ccc", 9, 3, 0, 113}}},
		{"several sections", slices.Concat(f.section(), f.describe(1, 0), f.packet(0, at, 1, "a"),
			g.section(), g.describe(101, 0), g.packet(0, at, 1, "b"), f.section(), f.describe(276, 0), f.packet(0, at, 1, "c")),
			[]kept{{testTime(0), "a", 1, 1, 0, 1}, {testTime(0), "b", 1, 2, 0, 101}, {testTime(0), "c", 1, 3, 0, 276}}},
		{"simple packets", slices.Concat(f.section(), f.describe(1, 4), f.packet(0, at, 1, "a"),
			f.block(blockSimple, f.n32(3), padded("abc")), f.block(blockSimple, f.n32(90), padded("abcd"))),
			[]kept{{testTime(0), "a", 1, 1, 0, 1}, {testTime(0), "abc", 3, 2, 0, 1}, {testTime(0), "abcd", 90, 3, 0, 1}}},
		{"obsolete packets", slices.Concat(g.section(), g.describe(1, 0), g.describe(101, 0),
			g.block(blockObsolete, g.n16(1, 77), g.n32(uint32(at>>32), uint32(at), 3, 8), padded("abc"))),
			[]kept{{testTime(0), "abc", 8, 1, 0, 101}}},
		{"other blocks", slices.Concat(f.section(), f.block(4, []byte("name")), f.describe(1, 0, comment), f.block(0x80000123),
			f.block(5, f.n32(0, 1, 2)), f.block(0xa, bytes.Repeat([]byte("k"), 1<<20)), f.packet(0, at, 1, "a"), f.block(blockCustom, f.n32(1))),
			[]kept{{testTime(0), "a", 1, 1, 0, 1}}},
		{"an empty packet", slices.Concat(f.section(), f.describe(1, 0), f.packet(0, at, 60, "")),
			[]kept{{testTime(0), "", 60, 1, 0, 1}}},
		{"the largest packets", slices.Concat(f.section(), f.describe(1, 0), f.packet(0, at, 1, strings.Repeat("a", maxCaptured), f.option(1, make([]byte, 60_000)...)),
			f.packet(0, at, 1, strings.Repeat("b", maxCaptured))),
			[]kept{{testTime(0), strings.Repeat("a", maxCaptured), maxCaptured, 1, 0, 1}, {testTime(0), strings.Repeat("b", maxCaptured), maxCaptured, 2, 0, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sameAnyWay(t, c.b)
			wantFrames(t, r.frames(), c.want)
			wantLines(t, r.lines)
		})
	}
}

func TestPCAPNGTimes(t *testing.T) {
	for _, c := range []struct {
		name    string
		stamp   uint64
		want    Nanos
		options [][]byte
	}{
		{"microseconds by default", 1_500_000, 1_500_000_000, nil},
		{"nanoseconds", 1_500_000_001, 1_500_000_001, [][]byte{littleNG.option(9, 9)}},
		{"seconds", 15, 15_000_000_000, [][]byte{littleNG.option(9, 0)}},
		{"picoseconds", 1_500_000_001_999, 1_500_000_001, [][]byte{littleNG.option(9, 12)}},
		{"10^-28 s", 1<<64 - 1, 1, [][]byte{littleNG.option(9, 28)}},
		{"10^-127 s", 1<<64 - 1, 0, [][]byte{littleNG.option(9, 127)}},
		{"2^-20 s", 3 << 19, 1_500_000_000, [][]byte{littleNG.option(9, 0x80|20)}},
		{"2^0 s", 3, 3_000_000_000, [][]byte{littleNG.option(9, 0x80)}},
		{"2^-63 s", 3 << 61, 750_000_000, [][]byte{littleNG.option(9, 0x80|63)}},
		{"2^-64 s", 1 << 63, 500_000_000, [][]byte{littleNG.option(9, 0x80|64)}},
		{"2^-127 s", 1 << 63, 0, [][]byte{littleNG.option(9, 0x80|127)}},
		{"offset", 1_500_000, 101_500_000_000, [][]byte{littleNG.option(14, 100, 0, 0, 0, 0, 0, 0, 0)}},
		{"offset back", 1_500_000, 500_000_000, [][]byte{littleNG.option(14, 255, 255, 255, 255, 255, 255, 255, 255)}},
		{"offset beyond all", 1_500_000, 1_500_000_000, [][]byte{littleNG.option(14, 0, 0, 0, 0, 0, 0, 0, 64)}},
		{"offset to the end", 1 << 53, 1<<63 - 1, [][]byte{littleNG.option(14, 0, 0, 0, 0, 2, 0, 0, 0)}},
		{"beyond all", 1<<64 - 1, 1<<63 - 1, nil},
		{"after other options", 15, 15_000_000_000, [][]byte{littleNG.option(2, 'e', 't', 'h', '0', '1'), littleNG.option(9, 0), littleNG.option(0)}},
		{"after the end of options", 15, 15_000, [][]byte{littleNG.option(0), littleNG.option(9, 0)}},
		{"option of a wrong size", 15, 15_000, [][]byte{littleNG.option(9, 0, 0), littleNG.option(14, 1)}},
		{"option longer than its block", 15, 15_000, [][]byte{littleNG.n16(9, 60_000), {0, 0, 0, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readBytes(t, "x", slices.Concat(littleNG.section(), littleNG.describe(1, 0, c.options...), littleNG.packet(0, c.stamp, 1, "a")))
			wantFrames(t, r.frames(), []kept{{c.want, "a", 1, 1, 0, 1}})
			wantLines(t, r.lines)
		})
	}
}

func TestPCAPNGUnknownLinks(t *testing.T) {
	f := littleNG
	at := uint64(testTime(0) / 1000)
	b := slices.Concat(f.section(), f.describe(147, 0), f.describe(1, 0), f.describe(147, 0), f.describe(148, 0), f.packet(1, at, 1, "a"))
	path := writeFile(t, t.TempDir(), "x.pcapng", b)
	r := readArgs(t, FindOptions{}, path)
	wantFrames(t, r.frames(), []kept{{testTime(0), "a", 1, 1, 0, 1}})
	wantLines(t, r.lines, path+": link type 147 is not known here; its frames are counted and passed over",
		path+": link type 148 is not known here; its frames are counted and passed over")
}

func TestPCAPNGBadBlocks(t *testing.T) {
	f := littleNG
	at := uint64(testTime(0) / 1000)
	start := slices.Concat(f.section(), f.describe(1, 0))
	good := f.packet(0, at, 1, "a")
	for _, c := range []struct {
		name string
		bad  []byte
		want string
	}{
		{"captured beyond the block", f.block(blockEnhanced, f.n32(0, 0, 0, 1000, 1000), padded("abc")),
			"block 3: a packet claims 1000 bytes, more than its block has"},
		{"captured all there is", f.block(blockEnhanced, f.n32(0, 0, 0, 1<<32-1, 1), padded("abc")),
			"block 3: a packet claims 4294967295 bytes, more than its block has"},
		{"no lengths", f.block(blockEnhanced, f.n32(0)), "block 3: a packet without its lengths"},
		{"unknown interface", f.packet(7, at, 1, "x"), "block 3: a packet of interface 7, which the section does not describe"},
		{"simple without length", f.block(blockSimple), "block 3: a simple packet without a length"},
		{"interface without link type", f.block(blockInterface, f.n32(1)), "block 3: an interface description without a link type"},
		{"length of 4 GiB", f.n32(6, 1<<32-4, 0, 0), "block 3: a block claims 4294967292 bytes; reading went on at offset 64"},
		{"length of 0", f.n32(6, 0, 0, 0), "block 3: a block claims 0 bytes; reading went on at offset 64"},
		{"odd length", f.n32(6, 33, 0, 0), "block 3: a block claims 33 bytes; reading went on at offset 64"},
		{"packet of 1 MiB", f.n32(6, 1<<20, 0, 0), "block 3: a block claims 1048576 bytes; reading went on at offset 64"},
		{"other block of 17 MiB", f.n32(10, 17<<20, 0, 0), "block 3: a block claims 17825792 bytes; reading went on at offset 64"},
		{"lengths that differ", slices.Concat(f.n32(6, 20, 0, 0), f.n32(24)), "block 3: the two lengths of a block differ; reading went on at offset 68"},
		{"section without byte order", f.block(blockSection, f.n32(1, 2, 3, 4)), "block 3: a section header without a byte order; reading went on at offset 76"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, t.TempDir(), "x.pcapng", slices.Concat(start, c.bad, good, good, good))
			r := readArgs(t, FindOptions{}, path)
			want := kept{testTime(0), "a", 1, 1, 0, 1}
			second, third := want, want
			second.Number, third.Number = 2, 3
			wantFrames(t, r.frames(), []kept{want, second, third})
			wantLines(t, r.lines, fmt.Sprintf("%s: offset %d: %s", path, len(start), c.want))
			sameAnyWay(t, slices.Concat(start, c.bad, good, good, good))
		})
	}
}

func TestPCAPNGTruncatedAnywhere(t *testing.T) {
	b, want := bigNG.file(testData(5, 60))
	starts := []int{0, 28, 48}
	for i := range want {
		starts = append(starts, starts[len(starts)-1]+len(bigNG.packet(0, 0, 0, want[i].Data)))
	}
	for cut := sniffLength; cut <= len(b); cut++ {
		n, _ := slices.BinarySearch(starts, cut+1)
		n-- // blocks that are whole
		r := readBytes(t, "x.pcapng", b[:cut])
		wantFrames(t, r.frames(), want[:max(0, n-2)])
		if starts[n] == cut {
			wantLines(t, r.lines)
			continue
		}
		if len(r.problems) != 1 || r.problems[0].Kind != Truncated || r.problems[0].Offset != int64(starts[n]) {
			t.Fatalf("cut at %d: %q", cut, r.lines)
		}
	}
}

func TestPCAPNGTruncatedMessages(t *testing.T) {
	b := slices.Concat(littleNG.section(), littleNG.describe(1, 0), littleNG.packet(0, 0, 10, "0123456789"))
	big := slices.Concat(littleNG.section(), littleNG.n32(10, 1<<20), make([]byte, 5000))
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{b[:20], "offset 0: the file ends inside block 1: 20 of its 28 bytes are there"},
		{b[:50], "offset 48: the file ends inside the header of block 3"},
		{b[:80], "offset 48: the file ends inside block 3: 32 of its 44 bytes are there"},
		{big, "offset 28: the file ends inside block 2"},
	} {
		path := writeFile(t, t.TempDir(), "x.pcapng", c.b)
		wantLines(t, readArgs(t, FindOptions{}, path).lines, path+": "+c.want)
	}
}

func TestPCAPNGDamage(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(b []byte, at int) []byte
		lose  int
	}{
		{"noise", func(b []byte, at int) []byte {
			for i := range 512 {
				b[at+i] = byte(0x81 + i*7%0x70)
			}
			return b
		}, 6},
		{"zeros", func(b []byte, at int) []byte { clear(b[at : at+4096]); return b }, 40},
		{"bytes lost", func(b []byte, at int) []byte { return slices.Delete(b, at+6, at+43) }, 2},
		{"bytes added", func(b []byte, at int) []byte {
			return slices.Insert(b, at+1, bytes.Repeat([]byte{0xee}, 300_001)...)
		}, 1},
		{"length flipped", func(b []byte, at int) []byte { b[at+5] ^= 0x40; return b }, 1},
		{"second length flipped", func(b []byte, at int) []byte { b[at-3] ^= 0x40; return b }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := testData(3000, 200)
			b, want := littleNG.file(data)
			at := 48
			for i := range 20 {
				at += len(littleNG.packet(0, 0, 0, data[i]))
			}
			b = c.spoil(b, at)
			r := sameAnyWay(t, b)
			if len(r.problems) != 1 || r.problems[0].Kind != Corrupt {
				t.Fatalf("problems %q, want one", r.lines)
			}
			checkSurvivors(t, r.frames(), want, 19, c.lose)
		})
	}
}

func TestPCAPNGFlips(t *testing.T) {
	data := testData(400, 300)
	good, want := littleNG.file(data)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		b := bytes.Clone(good)
		for range 1 + rnd.IntN(2) {
			b[48+rnd.IntN(len(b)-48)] ^= 1 << rnd.IntN(8)
		}
		r := readBytes(t, "x.pcapng", b)
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
		if lost > 4 {
			t.Fatalf("%d frames lost to two flipped bits: %q", lost, r.lines)
		}
	}
}

func TestPCAPNGManyInterfaces(t *testing.T) {
	f := littleNG
	var b bytes.Buffer
	b.Write(f.section())
	one := f.describe(1, 0)
	for range maxInterfaces + 1000 {
		b.Write(one)
	}
	b.Write(f.packet(maxInterfaces-1, 1, 1, "a"))
	b.Write(f.packet(maxInterfaces+1, 1, 1, "b"))
	path := writeFile(t, t.TempDir(), "x.pcapng", b.Bytes())
	var r *readings
	if got := allocated(func() { r = readArgs(t, FindOptions{}, path) }); got > 32<<20 {
		t.Errorf("%d bytes of memory", got)
	}
	wantFrames(t, r.frames(), []kept{{1000, "a", 1, 1, 0, 1}})
	if len(r.lines) != 2 || !strings.HasSuffix(r.lines[0], "more than 65536 interfaces in a section") ||
		!strings.HasSuffix(r.lines[1], "a packet of interface 65537, which the section does not describe") {
		t.Errorf("problems %q", r.lines)
	}
}

// TestPCAPNGClaims checks that small files that claim much cost little.
func TestPCAPNGClaims(t *testing.T) {
	f := littleNG
	for _, b := range [][]byte{
		slices.Concat(f.section(), f.n32(6, 0x20000000, 0, 0, 0, 0x1ffffff0)),
		slices.Concat(f.section(), f.describe(1, 0), f.n32(6, maxBlock, 0, 0, 0, maxCaptured)),
		slices.Concat(f.section(), f.n32(4, 16<<20)),
		slices.Concat(f.n32(blockSection, 0x7ffffffc, byteOrder), f.n16(1, 0), make([]byte, 60)),
	} {
		path := writeFile(t, t.TempDir(), "x.pcapng", b)
		if got := allocated(func() { readArgs(t, FindOptions{}, path) }); got > 2<<20 {
			t.Errorf("a file of %d bytes cost %d bytes of memory", len(b), got)
		}
	}
}

func TestPCAPNGAgainstOracle(t *testing.T) {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{Name: "tap0", LinkType: layers.LinkTypeEthernet,
		TimestampResolution: 9}, pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Hardware: "h", OS: "o", Application: "a", Comment: "c"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddInterface(pcapgo.NgInterface{Name: "tap1", LinkType: layers.LinkTypeRaw, Filter: "tcp", OS: "x"}); err != nil {
		t.Fatal(err)
	}
	var want []kept
	for i, d := range testData(40, 2000) {
		at := time.Unix(testStart, int64(i)*1001)
		ci := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(d), Length: len(d) + i, InterfaceIndex: i % 2}
		if err := w.WritePacket(ci, []byte(d)); err != nil {
			t.Fatal(err)
		}
		link := []LinkType{LinkEthernet, LinkRaw}[i%2]
		want = append(want, kept{Nanos(at.UnixNano()), d, len(d) + i, uint64(i + 1), 0, link})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r := readBytes(t, "x", b.Bytes())
	wantFrames(t, r.frames(), want)
	wantLines(t, r.lines)
}

func TestPCAPNGLastLengthWrong(t *testing.T) {
	f := littleNG
	b, want := f.file(testData(10, 100))
	size := len(f.packet(0, 0, 0, want[7].Data))
	at := 48
	for i := range 7 {
		at += len(f.packet(0, 0, 0, want[i].Data))
	}
	b[at+5] = 0x40 // claims 16 KiB more, which is beyond the end
	path := writeFile(t, t.TempDir(), "x.pcapng", b)
	r := readArgs(t, FindOptions{}, path)
	if len(r.frames()) != 9 {
		t.Fatalf("%d frames, want 9", len(r.frames()))
	}
	wantFrames(t, r.frames()[:7], want[:7])
	wantLines(t, r.lines, fmt.Sprintf("%s: offset %d: block 10 reaches beyond the end; reading went on at offset %d", path, at, at+size))
}

func TestPCAPNGDamageToTheEnd(t *testing.T) {
	b, want := littleNG.file(testData(10, 100))
	path := writeFile(t, t.TempDir(), "x.pcapng", append(b, bytes.Repeat([]byte{0xff}, 300_000)...))
	r := readArgs(t, FindOptions{}, path)
	wantFrames(t, r.frames(), want)
	wantLines(t, r.lines, fmt.Sprintf("%s: offset %d: block 13: a block claims 4294967295 bytes; no block was found after it", path, len(b)))
}

// Files of the two formats that were joined are read up to where the format changes, and
// the user is told to take them apart.
func TestFormatsJoined(t *testing.T) {
	b, want := little.file([]string{"abc"})
	old := pcapForm{order: binary.BigEndian, magic: pcapNano, network: 1}
	for _, c := range []struct {
		first, second []byte
		frames        int
		problem       string
	}{
		{b, slices.Concat(littleNG.section(), littleNG.describe(1, 0)), len(want),
			"record 2 claims 439041101 bytes; no record was found after it (a pcapng file begins there: scan files of different formats apart)"},
		{littleNG.section(), b, 0,
			"block 2: a block claims 262146 bytes; no block was found after it (a pcap file begins there: scan files of different formats apart)"},
		{littleNG.section(), old.header(), 0,
			"block 2: a block claims 67109376 bytes; no block was found after it (a pcap file begins there: scan files of different formats apart)"},
	} {
		path := writeFile(t, t.TempDir(), "x", slices.Concat(c.first, c.second))
		r := readArgs(t, FindOptions{}, path)
		if len(r.frames()) != c.frames {
			t.Errorf("%d frames, want %d", len(r.frames()), c.frames)
		}
		wantLines(t, r.lines, fmt.Sprintf("%s: offset %d: %s", path, len(c.first), c.problem))
	}
}

func TestPCAPNGDamageBeforeSections(t *testing.T) {
	f, g := littleNG, bigNG
	junk := bytes.Repeat([]byte{0xff}, 99)
	b := slices.Concat(f.section(), f.describe(1, 0), f.packet(0, 1, 1, "a"), junk,
		g.section(), g.describe(101, 0), g.packet(0, 1, 1, "b"), junk, f.section(), f.describe(1, 0), f.packet(0, 1, 1, "c"))
	r := sameAnyWay(t, b)
	wantFrames(t, r.frames(), []kept{{1000, "a", 1, 1, 0, 1}, {1000, "b", 1, 2, 0, 101}, {1000, "c", 1, 3, 0, 1}})
	if len(r.problems) != 2 {
		t.Errorf("problems %q, want two", r.lines)
	}
}

func TestPCAPNGSimpleWithoutInterface(t *testing.T) {
	f := littleNG
	path := writeFile(t, t.TempDir(), "x.pcapng", slices.Concat(f.section(), f.block(blockSimple, f.n32(3), padded("abc"))))
	r := readArgs(t, FindOptions{}, path)
	wantLines(t, r.lines, path+": offset 28: block 2: a packet of interface 0, which the section does not describe")
}
