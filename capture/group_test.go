package capture

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, same := range [][]string{
		{"x.pcap", "x.pcap0", "x.pcap1", "x.pcap12", "x.pcap.1", "x.pcap.2.gz", "x.pcap3.zst", "x.pcap.gz"},
		{"x_00001_20260101120000.pcapng", "x_00002_20260101130000.pcapng", "x_1_2.pcapng.gz"},
		{"x-1.pcap.gz", "x-2.pcap", "x-10.pcap.ZST"},
		{"x", "x1", "x12"},
		{"2026-01-01T12:00:00.cap", "2026-01-02T00:00:00.cap"},
	} {
		for _, name := range same {
			if pattern(name) != pattern(same[0]) {
				t.Errorf("%s has the pattern %q, %s has %q", name, pattern(name), same[0], pattern(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"smtp.pcap", "smtp1.pcap"}, {"a1.pcap", "b1.pcap"}, {"x1.pcap", "x1.pcapng"}, {"x-1.pcap", "x1.pcap"}} {
		if pattern(other[0]) == pattern(other[1]) {
			t.Errorf("%s and %s have the pattern %q", other[0], other[1], pattern(other[0]))
		}
	}
}

// rotated is a file of a rotation set in a test: packets from one second to another.
type rotated struct {
	name     string
	from, to uint32
}

func (r rotated) bytes() []byte { return simpleFile(testStart+r.from, int(r.to-r.from)+1) }

func TestRotationSets(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []rotated
		want  []string
	}{
		{"tcpdump -C", []rotated{{"x.pcap", 0, 5}, {"x.pcap1", 5, 10}, {"x.pcap2", 11, 20}, {"x.pcap10", 21, 22}},
			[]string{"x.pcap x.pcap1 x.pcap2 x.pcap10"}},
		{"tcpdump -W, which begins anew", []rotated{{"x0", 20, 25}, {"x1", 0, 9}, {"x2", 10, 19}}, []string{"x1 x2 x0"}},
		{"Wireshark", []rotated{{"a_00001_20260101.pcap", 0, 5}, {"a_00002_20260102.pcap", 6, 8}}, []string{"a_00001_20260101.pcap a_00002_20260102.pcap"}},
		{"gap of 300 s", []rotated{{"x1", 0, 5}, {"x2", 305, 310}}, []string{"x1 x2"}},
		{"gap of 301 s", []rotated{{"x1", 0, 5}, {"x2", 306, 310}}, []string{"x1", "x2"}},
		{"overlap of a second", []rotated{{"x1", 0, 5}, {"x2", 4, 10}}, []string{"x1", "x2"}},
		{"a break in the middle", []rotated{{"x1", 0, 5}, {"x2", 6, 10}, {"x3", 1000, 1005}, {"x4", 1005, 1006}}, []string{"x1 x2", "x3 x4"}},
		{"other names", []rotated{{"a1", 0, 5}, {"b2", 6, 10}, {"a3", 6, 9}}, []string{"a1 a3", "b2"}},
		{"two interfaces side by side", []rotated{{"eth0_1", 0, 59}, {"eth1_1", 0, 59}, {"eth0_2", 60, 99}, {"eth1_2", 60, 99}},
			[]string{"eth0_1 eth0_2", "eth1_1 eth1_2"}},
		{"ordered by time, then path", []rotated{{"c", 50, 60}, {"b", 50, 60}, {"a", 70, 80}}, []string{"b", "c", "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			var total int
			for _, f := range c.files {
				writeFile(t, dir, f.name, f.bytes())
				total += int(f.to-f.from) + 1
			}
			r := readArgs(t, FindOptions{}, dir)
			wantLines(t, r.lines)
			want := []string{}
			for _, w := range c.want {
				want = append(want, filepath.Join(dir, strings.ReplaceAll(w, " ", " "+dir+"/")))
			}
			wantCaptures(t, r.inputs, want...)
			if len(r.frames()) != total {
				t.Errorf("%d frames, want %d", len(r.frames()), total)
			}
			for i, frames := range r.captures {
				number, file := uint64(0), uint32(0)
				for _, f := range frames {
					if f.File != file {
						number, file = 0, file+1
					}
					if number++; f.Number != number || f.File != file || int(f.File) >= len(r.files[i]) {
						t.Fatalf("frame %v, want number %d of file %d", f, number, file)
					}
				}
			}
			if in := Find([]string{dir}, FindOptions{Merge: MergeNone}); len(in.Captures) != len(c.files) {
				t.Errorf("unmerged: %q", capturePaths(in))
			}
		})
	}
}

func TestRotationNeedsTheSameLinkAndFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	raw := little
	raw.network = 101
	writeFile(t, "a", "x1", simpleFile(testStart, 5))
	writeFile(t, "a", "x2", slices.Concat(raw.header(), raw.packet(testStart+6, 0, "a")))
	writeFile(t, "b", "x3", simpleFile(testStart+5, 5))
	writeFile(t, "a", "x4", little.header()) // has no packet, belongs to nothing
	in := Find([]string{"a/x1", "a/x2", "b/x3", "a/x4"}, FindOptions{})
	wantCaptures(t, in, "a/x1", "b/x3", "a/x2", "a/x4")
	in = Find([]string{"./a/x1", "a"}, FindOptions{})
	wantCaptures(t, in, "./a/x1", "a/x2", "a/x4")
}

// largeFile is a file too large to be read through: n packets of 1400 bytes, a second apart.
func largeFile(from uint32, n int) []byte {
	b := little.header()
	body := strings.Repeat("\xa5", 1400)
	for i := range n {
		b = append(b, little.packet(testStart+from+uint32(i), 0, body)...)
	}
	return b
}

// TestRotationLargeFiles decides sets of files whose last packet is looked for
// from behind, or learnt when they are read.
func TestRotationLargeFiles(t *testing.T) {
	const n = 300 // packets, so 425 KB
	cut := func(b []byte) []byte { return b[:len(b)-700] }
	same := func(b []byte) []byte { return b }
	pack := func(b []byte) []byte { return gzippedStored(t, b) }
	for _, c := range []struct {
		name  string
		make  func([]byte) []byte
		gap   uint32
		parts int
		known bool // before reading
	}{
		{"contiguous", same, 10, 1, true},
		{"apart", same, 1000, 3, true},
		{"truncated and contiguous", cut, 10, 1, true},
		{"truncated and apart", cut, 1000, 3, true},
		{"compressed and contiguous", pack, 10, 1, false},
		{"compressed and apart", pack, 1000, 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range 3 {
				from := uint32(i) * (n + c.gap)
				writeFile(t, dir, fmt.Sprintf("x%d.pcap", i), c.make(largeFile(from, n)))
			}
			r := readArgs(t, FindOptions{}, dir)
			if len(r.captures) != c.parts {
				t.Fatalf("%d captures, want %d: %q", len(r.captures), c.parts, r.files)
			}
			want := c.parts
			if !c.known {
				want = 1
			}
			if len(r.inputs.Captures) != want {
				t.Errorf("%d captures before reading, want %d", len(r.inputs.Captures), want)
			}
			if got := len(r.frames()); got < 3*n-3 {
				t.Errorf("%d frames", got)
			}
		})
	}
}

// gzippedStored compresses so badly that the file stays large.
func gzippedStored(t *testing.T, b []byte) []byte {
	t.Helper()
	noise := []byte(strings.Join(testData(3000, 300), ""))
	raw := slices.Clone(b)
	for i := 24 + 16; i < len(raw); i++ {
		if (i-24)%1416 >= 16 {
			raw[i] = noise[i%len(noise)]
		}
	}
	z := gzipped(t, raw)
	if len(z) <= smallFile {
		t.Fatalf("the file is only %d bytes", len(z))
	}
	return z
}

func TestRestOrder(t *testing.T) {
	dir := t.TempDir()
	for i, from := range []uint32{0, 310, 5000, 5310} {
		writeFile(t, dir, fmt.Sprintf("x%d.pcap.gz", i), gzippedStored(t, largeFile(from, 300)))
	}
	in := Find([]string{dir}, FindOptions{})
	if len(in.Captures) != 1 {
		t.Fatalf("captures %q", capturePaths(in))
	}
	c := in.Captures[0]
	if c.Rest() != nil {
		t.Error("a rest before reading")
	}
	if got := len(drain(t, c.Open(nil, nil))); got != 600 {
		t.Errorf("%d frames, want 600", got)
	}
	rest := c.Rest()
	if rest == nil || c.Compare(rest) >= 0 || rest.First != testStart*second+5000*second || len(rest.Files()) != 2 {
		t.Fatalf("rest %+v", rest)
	}
	if got := drain(t, rest.Open(nil, nil)); len(got) != 600 || got[599].File != 1 {
		t.Errorf("%d frames in the rest, want 600", len(got))
	}
	if rest.Rest() != nil {
		t.Error("a rest of the rest")
	}
}

func TestMergeNames(t *testing.T) {
	for _, m := range []Merge{MergeAuto, MergeAll, MergeNone} {
		if got, err := ParseMerge(m.String()); err != nil || got != m {
			t.Errorf("%v is read as %v, %v", m, got, err)
		}
	}
	if _, err := ParseMerge("some"); err == nil || err.Error() != `merge "some": want auto, all or none` {
		t.Errorf("error %v", err)
	}
	if Merge(9).String() != "unknown" {
		t.Error(Merge(9))
	}
}

func TestMergeAll(t *testing.T) {
	t.Chdir(t.TempDir())
	form := pcapForm{order: little.order, magic: pcapNano, network: 101}
	at := func(ms int) uint32 { return uint32(ms) * 1_000_000 }
	writeFile(t, "d", "a.pcap", slices.Concat(little.header(), little.packet(testStart, 5_000, "a5"), little.packet(testStart, 5_000, "a5 again"), little.packet(testStart, 9_000, "a9")))
	writeFile(t, "d", "b.pcap", gzipped(t, slices.Concat(form.header(), form.packet(testStart, at(1), "b1"), form.packet(testStart, at(9), "b9"), form.packet(testStart, at(2), "b2"))))
	writeFile(t, "d", "c.pcapng", slices.Concat(littleNG.section(), littleNG.describe(1, 0), littleNG.packet(0, testStart*1_000_000+5_000, 2, "c5")))
	writeFile(t, "d", "empty.pcap", little.header())
	r := readArgs(t, FindOptions{Merge: MergeAll}, "d/c.pcapng", "d")
	if len(r.captures) != 1 || r.inputs.Captures[0].First != testTime(1) {
		t.Fatalf("captures %q", r.files)
	}
	if want := []string{"d/c.pcapng", "d/a.pcap", "d/b.pcap", "d/empty.pcap"}; !slices.Equal(r.files[0], want) {
		t.Fatalf("files %q, want %q", r.files[0], want)
	}
	wantLines(t, r.lines)
	wantFrames(t, r.frames(), []kept{
		{testTime(1), "b1", 2, 1, 2, 101}, {testTime(5), "c5", 2, 1, 0, 1}, {testTime(5), "a5", 2, 1, 1, 1},
		{testTime(5), "a5 again", 8, 2, 1, 1}, {testTime(9), "a9", 2, 3, 1, 1}, {testTime(9), "b9", 2, 2, 2, 101}, {testTime(2), "b2", 2, 3, 2, 101},
	})
}

func TestMergeAllIsBounded(t *testing.T) {
	dir := t.TempDir()
	const more = 5
	for i := range maxMerged + more { // all at the same time
		writeFile(t, dir, fmt.Sprintf("f%03d.pcap", i), simpleFile(testStart, 2))
	}
	r := readArgs(t, FindOptions{Merge: MergeAll}, dir)
	if len(r.problems) != more || r.problems[0].Kind != TooMany || r.problems[0].Path != filepath.Join(dir, "f256.pcap") {
		t.Fatalf("problems %q", r.lines)
	}
	wantLines(t, r.lines[:1], filepath.Join(dir, "f256.pcap")+
		": more than 256 files with packets of the same time cannot be merged; this one was passed over (merge some of them first, with mergecap)")
	if got := len(r.frames()); got != 2*maxMerged {
		t.Errorf("%d frames, want %d", got, 2*maxMerged)
	}
}

// TestMergeAllOfManyInTurn merges more files than may be open, of which few overlap.
func TestMergeAllOfManyInTurn(t *testing.T) {
	dir := t.TempDir()
	const n = 600
	for i := range n {
		b := simpleFile(testStart+uint32(i), 2)
		if i%2 == 0 {
			b = gzipped(t, b)
		}
		writeFile(t, dir, fmt.Sprintf("f%03d.pcap", n-i), b)
	}
	r := readArgs(t, FindOptions{Merge: MergeAll}, dir)
	wantLines(t, r.lines)
	frames := r.frames()
	if len(frames) != 2*n || !slices.IsSortedFunc(frames, func(a, b kept) int { return int(a.Time - b.Time) }) {
		t.Errorf("%d frames, want %d in order", len(frames), 2*n)
	}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil && len(fds) > 100 {
		t.Errorf("%d files are still open", len(fds))
	}
}

func TestMergeAllCompressedIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range maxMergedPacked + 1 {
		writeFile(t, dir, fmt.Sprintf("f%03d.pcap", i), zstded(t, simpleFile(testStart, 2)))
	}
	r := readArgs(t, FindOptions{Merge: MergeAll}, dir)
	wantLines(t, r.lines, filepath.Join(dir, "f016.pcap")+
		": more than 16 compressed files with packets of the same time cannot be merged; this one was passed over (merge some of them first, with mergecap)")
}

// TestTail looks for the last record of files whose ends are odd.
func TestTail(t *testing.T) {
	run := bytes.Repeat(little.packet(testStart, 0, "not a record but the bytes of one"), 6)
	inside := slices.Concat(little.packet(testStart+7, 0, string(run)), little.packet(testStart+8, 0, "the last packet"))
	many := bytes.Repeat(append(bytes.Clone(run), bytes.Repeat([]byte{0xff}, 20)...), 100)
	for _, c := range []struct {
		name string
		b    []byte
		want Nanos
		ok   bool
	}{
		{"records", run, testTime(0), true},
		{"records cut", run[:len(run)-1], testTime(0), true},
		{"records within a record", inside[16:], testTime(8000), true},
		{"too many runs that end in nothing", many, 0, false},
		{"noise", bytes.Repeat([]byte{0xff}, 1000), 0, false},
		{"nothing", nil, 0, false},
	} {
		p := pcap{teller: new(teller), head: recordHeader, scale: 1000, fraction: 1e6}
		if got, ok := p.tail(c.b); got != c.want || ok != c.ok {
			t.Errorf("%s: %d, %v, want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
	for name, path := range map[string]string{"missing": filepath.Join(t.TempDir(), "x"), "empty": writeFile(t, t.TempDir(), "x", nil),
		"short": writeFile(t, t.TempDir(), "x", simpleFile(testStart, 5))} {
		if at, ok := pcapTail(path); ok {
			t.Errorf("%s file: %d", name, at)
		}
	}
}

func TestMergeAllWithoutAFile(t *testing.T) {
	dir := t.TempDir()
	gone := writeFile(t, dir, "a.pcap", simpleFile(testStart, 2))
	writeFile(t, dir, "b.pcap", simpleFile(testStart, 2))
	in := Find([]string{dir}, FindOptions{Merge: MergeAll})
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	var lines []string
	frames := drain(t, in.Captures[0].Open(func(p Problem) { lines = append(lines, p.String()) }, nil))
	wantLines(t, lines, gone+": no such file or folder")
	if len(frames) != 2 || frames[0].File != 1 {
		t.Errorf("frames %v", frames)
	}
}
