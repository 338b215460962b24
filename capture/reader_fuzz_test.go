package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime/metrics"
	"slices"
	"testing"

	"cleartap/internal/fuzzing"
)

// fuzzReader reads b and checks what holds of any bytes: frames lie within b, are
// numbered, and problems and memory are bounded. A reader that gives its bytes in
// pieces must change nothing.
func fuzzReader(t *testing.T, b []byte, make func(w window, tell *teller) frameReader) {
	var want []kept
	var wantProblems []Problem
	for i, wrap := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, randomReader(uint64(len(b)), 50), randomReader(3, 5000),
	} {
		var problems []Problem
		var w window
		w.reset(wrap(bytes.NewReader(b)), 1<<(10+3*i))
		r := make(w, &teller{tell: func(p Problem) { problems = append(problems, p) }})
		var got []kept
		var f Frame
		size := 0
		for r.next(&f) == nil {
			size += len(f.Data)
			if len(f.Data) > maxBlock || f.Length < len(f.Data) || f.Number != uint64(len(got)+1) {
				t.Fatalf("frame %v", keep(&f))
			}
			got = append(got, keep(&f))
		}
		if len(got) > len(b)/12 || len(problems) > maxProblems {
			t.Fatalf("%d frames and %d problems from %d bytes", len(got), len(problems), len(b))
		}
		if err := r.next(&f); err == nil {
			t.Fatal("a frame after the end")
		}
		for _, p := range problems {
			if p.Offset > int64(len(b)) || p.Reason == "" {
				t.Fatalf("problem %v", p)
			}
		}
		if i == 0 {
			want, wantProblems = got, problems
			continue
		}
		wantFrames(t, got, want)
		if !slices.Equal(problems, wantProblems) {
			t.Fatalf("problems %v, want %v", problems, wantProblems)
		}
	}
}

func FuzzPCAP(f *testing.F) {
	for _, form := range []pcapForm{little, {order: binary.BigEndian, magic: pcapNano, network: 101}, {order: binary.LittleEndian, magic: pcapModified, minor: 2}} {
		b, _ := form.file(testData(8, 60))
		f.Add(b)
		f.Add(b[:len(b)-5])
		f.Add(append(bytes.Clone(b), b...))
		for _, c := range pcapDamage() {
			long, _ := form.file(testData(20, 60))
			if b := c.spoil(append(long, make([]byte, 1000)...), 24+3*76); len(b) < 4000 {
				f.Add(b) // long inputs slow all others down
			}
		}
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 24 {
			return
		}
		fuzzReader(t, b, func(w window, tell *teller) frameReader {
			p := &pcap{window: w, teller: tell}
			if !p.open() {
				t.Fatal("no header")
			}
			return p
		})
	})
}

func FuzzPCAPNG(f *testing.F) {
	for _, form := range []ngForm{littleNG, bigNG} {
		b, _ := form.file(testData(6, 60))
		f.Add(b)
		f.Add(b[:len(b)-5])
		f.Add(slices.Concat(b, b[28:60], b))
		f.Add(slices.Concat(form.section(), form.describe(1, 0, form.option(9, 9), form.option(14, make([]byte, 8)...)),
			form.block(blockSimple, form.n32(3), padded("abc")), form.block(blockObsolete, form.n16(0, 7), form.n32(0, 1, 3, 8), padded("abc"))))
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzReader(t, b, func(w window, tell *teller) frameReader {
			return &pcapng{window: w, teller: tell}
		})
	})
}

// allocatedSoFar is what was allocated since the start, in bytes, up to what is in the
// hands of each processor. Unlike runtime.ReadMemStats it stops nobody.
func allocatedSoFar() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzOpen sends any bytes through all that a file meets, decompression included.
func FuzzOpen(f *testing.F) {
	pcap, _ := little.file(testData(8, 60))
	ng, _ := bigNG.file(testData(8, 60))
	for _, b := range [][]byte{pcap, ng, []byte("text"), []byte("snoop\x00\x00\x00"), nil} {
		f.Add(b)
		f.Add(gzipped(f, b))
		f.Add(zstded(f, b))
		f.Add(gzipped(f, b)[:10])
		f.Add(gzipped(f, zstded(f, b)))
	}
	dir := f.TempDir() // each worker is a process with one of its own
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4<<10 {
			return // what unpacks to gigabytes takes its time
		}
		path := writeFile(t, dir, "x.pcap", b)
		var file, pipe *readings
		before := allocatedSoFar()
		file = readArgs(t, FindOptions{}, path)
		got := allocatedSoFar() - before
		if size := 16*len(file.frames())*64 + 3*maxZstdWindow; got > uint64(size) {
			t.Errorf("%d bytes of memory for a file of %d with %d frames", got, len(b), len(file.frames()))
		}
		pipe = readPipe(t, b, randomReader(9, 700))
		wantFrames(t, pipe.frames(), file.frames())
		if len(pipe.problems) != len(file.problems) {
			t.Errorf("problems %q, want %q", pipe.lines, file.lines)
		}
		for i, p := range pipe.problems {
			if q := file.problems[i]; p.Kind != q.Kind || p.Offset != q.Offset || p.Reason != q.Reason {
				t.Errorf("problem %v, want %v", p, q)
			}
		}
	})
}
