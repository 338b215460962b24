package capture

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// allocated tells how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte, opt ...zstd.EOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, opt...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// benchData has the packet sizes of a common mix, 332 bytes on average.
func benchData() []string {
	data := testData(40_000, 80)
	for i, d := range testData(8_000, 2800) {
		data[i*5] = d
	}
	return data
}

// benchFile reads a file again and again.
func benchFile(b *testing.B, raw []byte, bytesOut, frames int) {
	path := writeFile(b, b.TempDir(), "x.pcap", raw)
	in := Find([]string{path}, FindOptions{})
	b.SetBytes(int64(bytesOut))
	b.ReportAllocs()
	for b.Loop() {
		s := in.Captures[0].Open(func(p Problem) { b.Error(p) }, nil)
		var f Frame
		n := 0
		for s.Next(&f) == nil {
			n++
		}
		if n != frames {
			b.Fatalf("%d frames, want %d", n, frames)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(frames), "ns/frame")
}

func BenchmarkPCAP(b *testing.B) {
	data := benchData()
	raw, _ := little.file(data)
	benchFile(b, raw, len(raw), len(data))
}

func BenchmarkPCAPNG(b *testing.B) {
	data := benchData()
	raw, _ := littleNG.file(data)
	benchFile(b, raw, len(raw), len(data))
}

func BenchmarkGzip(b *testing.B) {
	data := benchData()
	raw, _ := little.file(data)
	benchFile(b, gzipped(b, raw), len(raw), len(data))
}

func BenchmarkZstd(b *testing.B) {
	data := benchData()
	raw, _ := little.file(data)
	benchFile(b, zstded(b, raw), len(raw), len(data))
}

// BenchmarkNext is the cost of a frame whose bytes are in the window and the cache.
func BenchmarkNext(b *testing.B) {
	for name, make := range map[string]func([]string) ([]byte, []kept){"pcap": little.file, "pcapng": littleNG.file} {
		b.Run(name, func(b *testing.B) {
			raw, _ := make(testData(500, 80))
			r, w := readerOf(b, bytes.NewReader(raw))
			var f Frame
			if err := r.next(&f); err != nil {
				b.Fatal(err)
			}
			begin := w.r
			for b.Loop() {
				if r.next(&f) != nil {
					w.r, w.keep = begin, begin
				}
			}
		})
	}
}

// readerOf makes the reader for what src holds.
func readerOf(t testing.TB, src *bytes.Reader) (frameReader, *window) {
	w := window{}
	w.reset(src, readSize)
	if !w.fill(4) {
		t.Fatal("nothing to read")
	}
	if sniff(w.buf[:4]) == formatPcapng {
		p := &pcapng{window: w, teller: new(teller)}
		return p, &p.window
	}
	p := &pcap{window: w, teller: new(teller)}
	p.open()
	return p, &p.window
}

func TestNextAllocatesNothing(t *testing.T) {
	data := testData(15_000, 200)
	for name, make := range map[string]func([]string) ([]byte, []kept){"pcap": little.file, "pcapng": littleNG.file} {
		raw, _ := make(data)
		for packing, b := range map[string][]byte{"plain": raw, "gzip": gzipped(t, raw), "zstd": zstded(t, raw)} {
			path := writeFile(t, t.TempDir(), "x", b)
			s := Find([]string{path}, FindOptions{}).Captures[0].Open(nil, nil)
			var f Frame
			for range 2_000 {
				if err := s.Next(&f); err != nil {
					t.Fatal(err)
				}
			}
			got := testing.AllocsPerRun(4, func() {
				for range 2_000 {
					if err := s.Next(&f); err != nil {
						t.Fatal(err)
					}
				}
			})
			if got > 20 { // in 2,000 frames: the decompressors allocate now and then
				t.Errorf("%s %s: %v allocations in 2,000 frames", name, packing, got)
			}
			if packing == "plain" && got != 0 {
				t.Errorf("%s: %v allocations in 2,000 frames", name, got)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
