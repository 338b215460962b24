package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// testStart is the time of the first packet of the captures that tests make.
const testStart = 1_700_000_000

// kept is a frame whose bytes were copied.
type kept struct {
	Time   Nanos
	Data   string
	Length int
	Number uint64
	File   uint32
	Link   LinkType
}

func (k kept) String() string {
	d := k.Data
	if len(d) > 8 {
		d = d[:8] + "…"
	}
	return fmt.Sprintf("{%d %q(%d) len %d no %d file %d link %d}", k.Time, d, len(k.Data), k.Length, k.Number, k.File, k.Link)
}

func keep(f *Frame) kept {
	return kept{f.Time, string(f.Data), f.Length, f.Number, f.File, f.Link}
}

// drain reads a source to its end.
func drain(t testing.TB, s Source) []kept {
	t.Helper()
	var all []kept
	f := Frame{VLAN: 7, File: 99}
	for {
		err := s.Next(&f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if f.VLAN != 0 {
			t.Fatalf("frame %d has the VLAN of another", f.Number)
		}
		all = append(all, keep(&f))
	}
	if err := s.Next(&f); !errors.Is(err, io.EOF) {
		t.Fatalf("Next after the end: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return all
}

// readings is what came of reading inputs.
type readings struct {
	captures [][]kept
	files    [][]string
	lines    []string // problems, of Find and of reading
	problems []Problem
	inputs   Inputs
}

// frames gives the frames of all captures.
func (r *readings) frames() []kept { return slices.Concat(r.captures...) }

// readArgs finds and reads inputs as a command would, and checks the progress.
func readArgs(t testing.TB, opt FindOptions, args ...string) *readings {
	t.Helper()
	r := &readings{inputs: Find(args, opt)}
	tell := func(p Problem) {
		r.problems = append(r.problems, p)
		r.lines = append(r.lines, p.String())
	}
	for _, p := range r.inputs.Problems {
		tell(p)
	}
	for _, c := range r.inputs.Captures {
		for c != nil {
			var progress atomic.Int64
			s := c.Open(tell, &progress)
			frames := drain(t, s)
			r.captures = append(r.captures, frames)
			r.files = append(r.files, s.Files())
			size := c.Size
			if c = c.Rest(); c != nil {
				size -= c.Size
			}
			if size > 0 && progress.Load() != size {
				t.Errorf("progress is %d, want %d", progress.Load(), size)
			}
		}
	}
	return r
}

// readBytes reads b as a file named name in a folder of its own.
func readBytes(t testing.TB, name string, b []byte) *readings {
	t.Helper()
	return readArgs(t, FindOptions{}, writeFile(t, t.TempDir(), name, b))
}

// readPipe reads b as standard input, cut up as wrap does it.
func readPipe(t testing.TB, b []byte, wrap func(io.Reader) io.Reader) *readings {
	t.Helper()
	return readArgs(t, FindOptions{Stdin: wrap(bytes.NewReader(b))}, Stdin)
}

// randomReader gives reads of random sizes.
func randomReader(seed uint64, most int) func(io.Reader) io.Reader {
	return func(r io.Reader) io.Reader {
		rnd := rand.New(rand.NewPCG(seed, 1))
		return readerFunc(func(p []byte) (int, error) {
			return r.Read(p[:min(len(p), 1+rnd.IntN(most))])
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// sameAnyWay reads b as a file and as a pipe in pieces, and checks that all give the same.
func sameAnyWay(t testing.TB, b []byte) *readings {
	t.Helper()
	want := readBytes(t, "x.pcap", b)
	for i, wrap := range []func(io.Reader) io.Reader{
		iotest.OneByteReader, iotest.DataErrReader, randomReader(1, 100), randomReader(2, 70_000),
	} {
		if i == 0 && len(b) > 100_000 {
			continue
		}
		got := readPipe(t, b, wrap)
		wantFrames(t, got.frames(), want.frames())
		for j := range max(len(got.problems), len(want.problems)) {
			if j >= len(got.problems) || j >= len(want.problems) {
				t.Fatalf("reader %d: problems %q, want %q", i, got.lines, want.lines)
			}
			g, w := got.problems[j], want.problems[j]
			if g.Path = w.Path; g != w {
				t.Fatalf("reader %d: problem %v, want %v", i, g, w)
			}
		}
	}
	return want
}

func wantFrames(t testing.TB, got, want []kept) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%d frames, want %d; missing %v", len(got), len(want), want[i])
		case i >= len(want):
			t.Fatalf("%d frames, want %d; too many: %v", len(got), len(want), got[i])
		case got[i] != want[i]:
			t.Fatalf("frame at %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func wantLines(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("problems:\n%q\nwant:\n%q", got, want)
	}
}

func writeFile(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pcapForm is a form that a pcap file can have.
type pcapForm struct {
	order   binary.ByteOrder
	magic   uint32
	minor   uint16 // 0: 4
	snap    uint32
	network uint32
}

var little = pcapForm{order: binary.LittleEndian, magic: pcapMicro, snap: 65535, network: 1}

func (f pcapForm) header() []byte {
	minor := f.minor
	if minor == 0 {
		minor = 4
	}
	b := make([]byte, 24)
	f.order.PutUint32(b, f.magic)
	f.order.PutUint16(b[4:], 2)
	f.order.PutUint16(b[6:], minor)
	f.order.PutUint32(b[16:], f.snap)
	f.order.PutUint32(b[20:], f.network)
	return b
}

// record makes a record whose header says what is given.
func (f pcapForm) record(sec, frac, captured, length uint32, data string) []byte {
	n := recordHeader
	if f.magic == pcapModified {
		n = recordHeaderLonger
	}
	b := make([]byte, n, n+len(data))
	f.order.PutUint32(b, sec)
	f.order.PutUint32(b[4:], frac)
	f.order.PutUint32(b[8:], captured)
	f.order.PutUint32(b[12:], length)
	return append(b, data...)
}

// packet makes a record that is right.
func (f pcapForm) packet(sec, frac uint32, data string) []byte {
	return f.record(sec, frac, uint32(len(data)), uint32(len(data)), data)
}

// testData makes n packets of different sizes whose bytes are no headers.
func testData(n, size int) []string {
	rnd := rand.New(rand.NewPCG(uint64(n), uint64(size)))
	all := make([]string, n)
	for i := range all {
		b := make([]byte, 20+rnd.IntN(size))
		for j := range b {
			b[j] = byte(0x80 | rnd.IntN(0x80))
		}
		all[i] = string(b)
	}
	return all
}

// file makes a whole file, one packet a millisecond, and what it must give.
func (f pcapForm) file(data []string) ([]byte, []kept) {
	b := f.header()
	var want []kept
	unit := uint32(1_000)
	if f.magic == pcapNano {
		unit = 1_000_000
	}
	for i, d := range data {
		sec, frac := testStart+uint32(i/1000), uint32(i%1000)*unit
		b = append(b, f.packet(sec, frac, d)...)
		want = append(want, kept{testTime(i), d, len(d), uint64(i + 1), 0, LinkType(f.network)})
	}
	return b, want
}

func testTime(i int) Nanos { return testStart*second + Nanos(i)*1_000_000 }

// simpleFile is a small pcap file with n packets from the given time on, a second apart.
func simpleFile(sec uint32, n int) []byte {
	b := little.header()
	for i := range n {
		b = append(b, little.packet(sec+uint32(i), 0, fmt.Sprintf("packet %d of a file", i))...)
	}
	return b
}
