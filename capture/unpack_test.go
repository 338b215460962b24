package capture

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func TestPackedFiles(t *testing.T) {
	raw, want := little.file(testData(600, 300))
	ng, wantNG := bigNG.file(testData(600, 300))
	half := len(raw) / 2
	for _, c := range []struct {
		name string
		b    []byte
		want []kept
	}{
		{"gzip", gzipped(t, raw), want},
		{"gzip pcapng", gzipped(t, ng), wantNG},
		{"gzip in members", slices.Concat(gzipped(t, raw[:half]), gzipped(t, nil), gzipped(t, raw[half:])), want},
		{"gzip padded with zeros", append(gzipped(t, raw), make([]byte, 5000)...), want},
		{"zstd", zstded(t, raw), want},
		{"zstd pcapng", zstded(t, ng), wantNG},
		{"zstd in frames", slices.Concat(zstded(t, raw[:half]), zstded(t, raw[half:])), want},
		{"zstd after a skippable frame", append([]byte("\x52\x2a\x4d\x18\x04\x00\x00\x00abcd"), zstded(t, raw)...), want},
		{"zstd of the strongest kind", zstded(t, raw, zstd.WithEncoderLevel(zstd.SpeedBestCompression)), want},
		{"zstd with a checksum", zstded(t, raw, zstd.WithEncoderCRC(true)), want},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readBytes(t, "x", c.b)
			wantFrames(t, r.frames(), c.want)
			wantLines(t, r.lines)
			for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, randomReader(5, 9000)} {
				r := readPipe(t, c.b, wrap)
				wantFrames(t, r.frames(), c.want)
				wantLines(t, r.lines)
			}
		})
	}
}

func TestPackedDamage(t *testing.T) {
	raw, want := little.file(testData(20_000, 300))
	gz, zst := gzipped(t, raw), zstded(t, raw, zstd.WithEncoderCRC(true))
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0xff
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		kind Kind
		want string
		all  bool // all frames are there
	}{
		{"gzip cut", gz[:len(gz)/2], Truncated, "the gzip data ends early (test it with: gzip -t FILE)", false},
		{"gzip cut in its trailer", gz[:len(gz)-3], Truncated, "the gzip data ends early (test it with: gzip -t FILE)", true},
		{"gzip checksum", flip(gz, len(gz)-6), Corrupt, "the checksum of the gzip data is wrong (test it with: gzip -t FILE)", true},
		{"gzip length", flip(gz, len(gz)-2), Corrupt, "the checksum of the gzip data is wrong (test it with: gzip -t FILE)", true},
		{"gzip followed by noise", append(bytes.Clone(gz), "noise"...), Corrupt, "something else follows the gzip data", true},
		{"gzip followed by half a header", append(bytes.Clone(gz), gz[:5]...), Truncated, "the gzip data ends early (test it with: gzip -t FILE)", true},
		{"zstd cut", zst[:len(zst)/2], Truncated, "the zstd data ends early (test it with: zstd -t FILE)", false},
		{"zstd cut in its checksum", zst[:len(zst)-2], Truncated, "the zstd data ends early (test it with: zstd -t FILE)", false},
		{"zstd checksum", flip(zst, len(zst)-2), Corrupt, "the checksum of the zstd data is wrong (test it with: zstd -t FILE)", false},
		{"zstd followed by noise", append(bytes.Clone(zst), "noise"...), Corrupt, "something else follows the zstd data", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, t.TempDir(), "x.pcap.gz", c.b)
			r := readArgs(t, FindOptions{}, path)
			got := r.frames()
			wantFrames(t, got, want[:len(got)])
			if c.all && len(got) != len(want) {
				t.Errorf("%d frames, want all %d", len(got), len(want))
			}
			if len(got) < len(want)/4 {
				t.Errorf("%d frames, want more of %d", len(got), len(want))
			}
			if len(r.problems) != 1 {
				t.Fatalf("problems %q, want one", r.lines)
			}
			p := r.problems[0]
			if p.Kind != c.kind || p.Offset <= 0 || !p.Unpacked {
				t.Errorf("problem %+v", p)
			}
			p.Offset = NoOffset
			wantLines(t, []string{p.String()}, path+": "+c.want)
		})
	}
}

func TestPackedDamageInTheMiddle(t *testing.T) {
	raw, want := little.file(testData(20_000, 300))
	for name, b := range map[string][]byte{"gzip": gzipped(t, raw), "zstd": zstded(t, raw)} {
		for i := range 300 {
			b[len(b)/2+i] ^= 0x5a
		}
		r := readBytes(t, "x", b)
		if n := len(r.frames()); n < 5_000 || n == len(want) {
			t.Errorf("%s: %d frames of %d", name, n, len(want))
		}
		if len(r.lines) == 0 || !r.problems[0].Unpacked {
			t.Errorf("%s: problems %q", name, r.lines)
		}
	}
}

func TestPackedRefused(t *testing.T) {
	raw, _ := little.file(testData(5, 300))
	for _, c := range []struct {
		b    []byte
		kind Kind
		want string
	}{
		{gzipped(t, gzipped(t, raw)), Unsupported, "compressed twice (decompress it once)"},
		{gzipped(t, zstded(t, raw)), Unsupported, "compressed twice (decompress it once)"},
		{gzipped(t, []byte("a long enough text\n")), NotCapture, "text, not a capture (" + cureKnown + ")"},
		{gzipped(t, nil), NotCapture, "the file is empty"},
		{gzipped(t, raw)[:12], Truncated, "offset 0 after decompression: the gzip data ends early (test it with: gzip -t FILE)"},
		{[]byte("\x1f\x8b\x08"), Truncated, "offset 0 after decompression: the gzip data ends early (test it with: gzip -t FILE)"},
		{[]byte("\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Truncated,
			"offset 0 after decompression: the gzip data ends early (test it with: gzip -t FILE)"},
		{[]byte("\x28\xb5\x2f\xfd"), Truncated, "offset 0 after decompression: the zstd data ends early (test it with: zstd -t FILE)"},
		{zstded(t, make([]byte, 1<<20), zstd.WithWindowSize(64<<20), zstd.WithSingleSegment(false)), Unsupported,
			"offset 0 after decompression: the zstd data was compressed with a window larger than is read here " +
				"(decompress it: zstd -dc --long=31 FILE | cleartap scan -)"},
	} {
		path := writeFile(t, t.TempDir(), "x", c.b)
		r := readArgs(t, FindOptions{}, path)
		wantLines(t, r.lines, path+": "+c.want)
		if len(r.captures) != 0 || r.problems[0].Kind != c.kind {
			t.Errorf("%d captures, problem %+v", len(r.captures), r.problems[0])
		}
	}
}

// zeros gives n bytes of zero after a beginning.
func zeros(begin []byte, n int64) io.Reader {
	return io.MultiReader(bytes.NewReader(begin), io.LimitReader(readerFunc(func(p []byte) (int, error) {
		clear(p)
		return len(p), nil
	}), n))
}

// TestBombs reads small files that unpack to a lot. Memory stays small, and what
// was before is found.
func TestBombs(t *testing.T) {
	const size = 16 << 20
	begin, want := little.file(testData(10, 100))
	var gz, zst bytes.Buffer
	w := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zst, zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.MultiWriter(w, z), zeros(begin, size)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"x.pcap.gz": gz.Bytes(), "x.pcap.zst": zst.Bytes()} {
		path := writeFile(t, t.TempDir(), name, b)
		var r *readings
		if got := allocated(func() { r = readArgs(t, FindOptions{}, path) }); got > 8<<20 {
			t.Errorf("%s: %d bytes of memory for a file of %d", name, got, len(b))
		}
		wantFrames(t, r.frames(), want)
		p := Problem{path, int64(len(begin)), true, Corrupt, "record 11 is all zeros; no record was found after it", ""}
		wantLines(t, r.lines, p.String())
	}
}

// TestCloseEarly closes sources in the middle and checks that nothing stays behind.
func TestCloseEarly(t *testing.T) {
	raw, _ := little.file(testData(20_000, 300))
	dir := t.TempDir()
	paths := []string{
		writeFile(t, dir, "a", raw),
		writeFile(t, dir, "b", gzipped(t, raw)),
		writeFile(t, dir, "c", zstded(t, raw)),
	}
	before := runtime.NumGoroutine()
	for _, merge := range []Merge{MergeNone, MergeAll} {
		for _, c := range Find(paths, FindOptions{Merge: merge}).Captures {
			for n := range 3 {
				s := c.Open(nil, nil)
				var f Frame
				for range n * 100 {
					if err := s.Next(&f); err != nil {
						t.Fatal(err)
					}
				}
				if err := errors.Join(s.Close(), s.Close()); err != nil {
					t.Fatal(err)
				}
				if err := s.Next(&f); !errors.Is(err, io.EOF) {
					t.Errorf("Next after Close: %v", err)
				}
			}
		}
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		for _, fd := range fds {
			if to, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); err == nil && filepath.Dir(to) == dir {
				t.Errorf("%s is still open", to)
			}
		}
	}
}

func waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to pass")
		}
	}
}

// TestPipeEnds ends a source that waits for a pipe to which nobody writes.
func TestPipeEnds(t *testing.T) {
	raw, want := little.file(testData(50, 300))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	if _, err := w.Write(raw[:len(raw)-5]); err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	in := Find([]string{Stdin, Stdin}, FindOptions{Stdin: r, End: end})
	if len(in.Captures) != 1 || in.Captures[0].Size != 0 {
		t.Fatalf("inputs %+v", in)
	}
	var progress atomic.Int64
	var lines []string
	s := in.Captures[0].Open(func(p Problem) { lines = append(lines, p.String()) }, &progress)
	var got []kept
	var f Frame
	for i := 0; s.Next(&f) == nil; i++ {
		got = append(got, keep(&f))
		if len(got) == len(want)-1 {
			close(end)
		}
	}
	wantFrames(t, got, want[:len(want)-1])
	if progress.Load() != int64(len(raw)-5) {
		t.Errorf("progress %d", progress.Load())
	}
	if len(lines) != 1 {
		t.Errorf("problems %q", lines)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestPacketsPassAPipeAtOnce checks that a packet is given before the next one comes.
func TestPacketsPassAPipeAtOnce(t *testing.T) {
	raw, want := littleNG.file(testData(3, 30))
	for name, form := range map[string][]byte{"pcapng": raw, "pcap": simpleFile(testStart, 3)} {
		r, w := io.Pipe()
		s := Find([]string{Stdin}, FindOptions{Stdin: r}).Captures[0].Open(nil, nil)
		var cuts []int
		seen := make(chan int, 10)
		go func() {
			defer close(seen)
			var f Frame
			for s.Next(&f) == nil {
				seen <- int(f.Number)
			}
		}()
		if name == "pcapng" {
			first := len(raw) - len(littleNG.packet(0, 0, 0, want[1].Data)) - len(littleNG.packet(0, 0, 0, want[2].Data))
			cuts = []int{0, first, first + len(littleNG.packet(0, 0, 0, want[1].Data)), len(raw)}
		} else {
			n := (len(form) - 24) / 3
			cuts = []int{0, 24 + n, 24 + 2*n, len(form)}
		}
		for i := range 3 {
			if _, err := w.Write(form[cuts[i]:cuts[i+1]]); err != nil {
				t.Fatal(err)
			}
			if n := <-seen; n != i+1 {
				t.Errorf("%s: packet %d, want %d", name, n, i+1)
			}
		}
		w.Close()
		if n, more := <-seen; more {
			t.Errorf("%s: packet %d too many", name, n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	raw, want := little.file(testData(50, 300))
	broken := errors.New("the disk is on fire")
	for name, b := range map[string][]byte{"plain": raw, "gzip": gzipped(t, raw), "zstd": zstded(t, raw)} {
		src := io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(&os.PathError{Op: "read", Path: "x", Err: broken}))
		r := readArgs(t, FindOptions{Stdin: src}, Stdin)
		wantFrames(t, r.frames(), want[:len(r.frames())])
		if name == "plain" && len(r.frames()) < 20 {
			t.Errorf("%d frames", len(r.frames()))
		}
		if len(r.problems) != 1 || r.problems[0].Kind != ReadFailed || r.problems[0].Reason != "reading failed: the disk is on fire" {
			t.Errorf("%s: problems %q", name, r.lines)
		}
	}
}

func TestAheadSurvivesAPanic(t *testing.T) {
	a := newAhead(func([]byte) (int, error) { panic("hostile data") }, 10, nil)
	if _, err := a.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("error %v", err)
	}
	a.close()
	a.wait()
}

func TestReaderThatGivesNothing(t *testing.T) {
	r := readArgs(t, FindOptions{Stdin: io.MultiReader(bytes.NewReader(little.header()), readerFunc(func([]byte) (int, error) { return 0, nil }))}, Stdin)
	wantLines(t, r.lines, "standard input: offset 24: reading failed: multiple Read calls return no data or error")
}
