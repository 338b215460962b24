package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// capturePaths gives the files of all captures, one string a capture.
func capturePaths(in Inputs) []string {
	var all []string
	for _, c := range in.Captures {
		all = append(all, strings.Join(c.Files(), " "))
	}
	return all
}

func wantCaptures(t *testing.T, in Inputs, want ...string) {
	t.Helper()
	if got := capturePaths(in); !slices.Equal(got, want) {
		t.Errorf("captures:\n%q\nwant:\n%q", got, want)
	}
}

func problemLines(in Inputs) []string {
	var all []string
	for _, p := range in.Problems {
		all = append(all, p.String())
	}
	return all
}

func TestFindNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, d := range []string{"empty", "texts/deep/er"} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "texts", "a.txt", []byte("hello\n"))
	writeFile(t, "texts/deep/er", "b", []byte{0, 1, 2})
	writeFile(t, "bad", "x.PCAP", []byte("hello\n"))
	writeFile(t, "bad", "y.cap.gz", nil)
	writeFile(t, "bad", "z.pcapng.zst", []byte("\xfd7zXZ\x00"))
	in := Find([]string{"missing", "empty", "texts/", "./bad", "bad", "missing/x.pcap"}, FindOptions{})
	wantCaptures(t, in)
	wantLines(t, problemLines(in),
		"missing: no such file or folder",
		"empty: no captures in this folder ("+cureKnown+")",
		"texts/: no captures in this folder, 2 other files ("+cureKnown+")",
		"./bad/x.PCAP: text, not a capture ("+cureKnown+")",
		"./bad/y.cap.gz: the file is empty",
		"./bad/z.pcapng.zst: compressed with xz, which is not read here (decompress it: xz -dc FILE | cleartap scan -)",
		"missing/x.pcap: no such file or folder",
	)
	if in.Skipped != 2 || in.Files != 0 || in.Size != 0 {
		t.Errorf("inputs %+v", in)
	}
}

func TestFindNamedFiles(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, content string
		kind          Kind
		want          string
	}{
		{"empty", "", NotCapture, "the file is empty"},
		{"text", "From: alice\r\nüber\n", NotCapture, "text, not a capture (" + cureKnown + ")"},
		{"noise", "\x00\x01\x02\x03\x00\x01\x02\x03\x00\x01\x02\x03\x00\x01\x02\x03", NotCapture, "not a capture (" + cureKnown + ")"},
		{"short", "\x00\x01", NotCapture, "too short to be a capture (" + cureKnown + ")"},
		{"snoop", "snoop\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04", Unsupported, "a snoop capture, which is not read here (convert it with: editcap -F pcap IN OUT)"},
		{"xz", "\xfd7zXZ\x00\x00\x04", Unsupported, "compressed with xz, which is not read here (decompress it: xz -dc FILE | cleartap scan -)"},
		{"bzip2", "BZh91AY&SY", Unsupported, "compressed with bzip2, which is not read here (decompress it: bzip2 -dc FILE | cleartap scan -)"},
		{"lz4", "\x04\x22\x4d\x18\x64\x40", Unsupported, "compressed with lz4, which is not read here (decompress it: lz4 -dc FILE | cleartap scan -)"},
		{"zip", "PK\x03\x04\x14\x00", Unsupported, "a zip archive, which is not read here (unpack it first: unzip FILE)"},
		{"netmon", "GMBU\x00\x02\x01\x00", Unsupported, "a Network Monitor capture, which is not read here (convert it with: editcap -F pcap IN OUT)"},
		{"variant", "\xcd\x34\xb2\xa1\x02\x00\x04\x00", Unsupported, "a pcap variant with other record headers, which is not read here (convert it with: editcap -F pcap IN OUT)"},
	} {
		path := writeFile(t, dir, c.name, []byte(c.content))
		in := Find([]string{path}, FindOptions{})
		wantCaptures(t, in)
		wantLines(t, problemLines(in), path+": "+c.want)
		if in.Problems[0].Kind != c.kind || c.kind.Partial() {
			t.Errorf("%s: kind %v, want %v", c.name, in.Problems[0].Kind, c.kind)
		}
		// The same through standard input.
		r := readArgs(t, FindOptions{Stdin: strings.NewReader(c.content)}, Stdin)
		wantLines(t, r.lines, "standard input: "+c.want)
	}
}

func TestFindFolders(t *testing.T) {
	t.Chdir(t.TempDir())
	one := simpleFile(testStart, 2)
	writeFile(t, "in", "b.bin", simpleFile(testStart+10_000, 1)) // by content, not by name
	writeFile(t, "in", "z/a.pcap", simpleFile(testStart+20_000, 1))
	writeFile(t, "in", "a/z.pcap", one)
	writeFile(t, "in", "a/same.pcap", simpleFile(testStart, 1))
	writeFile(t, "in", "a/notes.txt", []byte("notes\n"))
	writeFile(t, "in", "a/log.gz", gzipped(t, []byte("a log line\n")))
	writeFile(t, "in", "empty.pcapng", littleNG.section())
	if err := os.Symlink(os.DevNull, "in/device"); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{"in", "in/"} {
		in := Find([]string{arg, "in/a/z.pcap", "./in"}, FindOptions{})
		wantCaptures(t, in, "in/a/same.pcap", "in/a/z.pcap", "in/b.bin", "in/z/a.pcap", "in/empty.pcapng")
		if len(in.Problems) != 0 || in.Skipped != 3 || in.Files != 5 {
			t.Errorf("problems %q, skipped %d, files %d", problemLines(in), in.Skipped, in.Files)
		}
		if in.Captures[0].First != testTime(0) || in.Captures[0].Size != int64(len(simpleFile(0, 1))) {
			t.Errorf("capture %+v", in.Captures[0])
		}
	}
	in := Find([]string{"in/a/z.pcap", "in/a/../a/z.pcap", "in/a/notes.txt"}, FindOptions{})
	wantCaptures(t, in, "in/a/z.pcap")
	wantLines(t, problemLines(in), "in/a/notes.txt: text, not a capture ("+cureKnown+")")
}

func TestFindLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "in", "m/x1.pcap", simpleFile(testStart, 2))
	writeFile(t, "other", "y.pcap", simpleFile(testStart+5000, 2))
	for to, from := range map[string]string{
		"in/a-loop": "..", "in/self": ".", "in/m/up": "../..", "in/abs": mustAbs(t, "in"), "in/a-latest.pcap": "m/x1.pcap",
		"in/other": "../other", "in/dangling.pcap": "nowhere", "in/dangling": "nowhere", "in/circle": "circle", "in/null": "/dev/null",
	} {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	in := Find([]string{"in"}, FindOptions{})
	wantCaptures(t, in, "in/m/x1.pcap", "in/a-loop/other/y.pcap")
	wantLines(t, problemLines(in), "in/dangling.pcap: no such file or folder")
	if in.Skipped != 3 {
		t.Errorf("skipped %d, want 3", in.Skipped)
	}
	// A link named by itself keeps its name; the file behind it is read once.
	in = Find([]string{"in/a-latest.pcap", "in/m"}, FindOptions{})
	wantCaptures(t, in, "in/a-latest.pcap", "in/m/up/other/y.pcap")
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func TestFindRedirectedStdin(t *testing.T) {
	raw, want := little.file(testData(100, 300))
	for _, b := range [][]byte{raw, gzipped(t, raw)} {
		f, err := os.Open(writeFile(t, t.TempDir(), "x", b))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		in := Find([]string{Stdin}, FindOptions{Stdin: f})
		if in.Size != int64(len(b)) {
			t.Errorf("size %d, want %d", in.Size, len(b))
		}
		var progress atomic.Int64
		s := in.Captures[0].Open(nil, &progress)
		wantFrames(t, drain(t, s), want)
		if progress.Load() != in.Size || s.Files()[0] != Stdin {
			t.Errorf("progress %d of %d in %q", progress.Load(), in.Size, s.Files())
		}
	}
}

// TestFilesThatChange reads files that are no longer what they were.
func TestFilesThatChange(t *testing.T) {
	raw, want := little.file(testData(3000, 300))
	for _, c := range []struct {
		name   string
		change func(path string) error
		frames int
		want   []string
	}{
		{"gone", os.Remove, 0, []string{": no such file or folder"}},
		{"grown", func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.Write(little.packet(testStart+3, 0, "one more"))
			return errors.Join(err, f.Close())
		}, len(want) + 1, []string{": the file grew while it was read (read it again once it is complete)"}},
		{"shrunk", func(path string) error { return os.Truncate(path, 24) }, 0,
			[]string{": the file shrank while it was read (read it again once it is complete)"}},
		{"touched", func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(5, 0)) }, len(want),
			[]string{": the file was written to while it was read (read it again once it is complete)"}},
		{"text now", func(path string) error { return os.WriteFile(path, []byte("some text now"), 0) }, 0,
			[]string{": text, not a capture (" + cureKnown + ")", ": the file shrank while it was read (read it again once it is complete)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, t.TempDir(), "x.pcap", raw)
			in := Find([]string{path}, FindOptions{})
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			var lines []string
			var progress atomic.Int64
			frames := drain(t, in.Captures[0].Open(func(p Problem) { lines = append(lines, p.String()) }, &progress))
			if len(frames) != c.frames {
				t.Errorf("%d frames, want %d", len(frames), c.frames)
			}
			for i := range c.want {
				c.want[i] = path + c.want[i]
			}
			wantLines(t, lines, c.want...)
			if progress.Load() != int64(len(raw)) {
				t.Errorf("progress %d of %d", progress.Load(), len(raw))
			}
		})
	}
}

func TestFindManyFiles(t *testing.T) {
	dir := t.TempDir()
	const n = 2000
	for i := range n {
		writeFile(t, dir, fmt.Sprintf("f%04d.pcap", n-i), simpleFile(uint32(testStart+i*1000), 1))
	}
	var in Inputs
	got := allocated(func() { in = Find([]string{dir}, FindOptions{}) })
	if len(in.Captures) != n || got/n > 8<<10 {
		t.Errorf("%d captures, %d bytes of memory a file", len(in.Captures), got/n)
	}
	if !slices.IsSortedFunc(in.Captures, (*Capture).Compare) {
		t.Error("captures are not in order")
	}
	s := in.Captures[0].Open(nil, nil)
	var f Frame
	if err := s.Next(&f); err != nil || f.Time != testTime(0) {
		t.Errorf("first frame %v, %v", f.Time, err)
	}
	if err := s.Next(&f); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestFindEnds(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "x.pcap", simpleFile(testStart, 1))
	end := make(chan struct{})
	close(end)
	if in := Find([]string{dir}, FindOptions{End: end}); len(in.Captures) != 0 {
		t.Errorf("captures %q after the end", capturePaths(in))
	}
}
