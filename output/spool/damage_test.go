package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sample is a spool of three segments with each records of size bytes.
func sample(t testing.TB, each uint64, size int) (*memDisk, []string) {
	t.Helper()
	d := newMemDisk()
	s := still(t, d, Config{SegmentBytes: segmentHeader + int64(each)*int64(recordHeader+size)})
	fill(t, s, 1, 3*each, size, 2)
	s.keep(s.toldAt)
	segments := d.segments()
	if len(segments) != 3 {
		t.Fatalf("%d segments", len(segments))
	}
	return d, segments
}

// checkDamage opens a damaged spool and looks for the records that must
// be there: all but the lost ones.
func checkDamage(t testing.TB, what string, d *memDisk, all uint64, lost ...uint64) Stats {
	t.Helper()
	s := still(t, d, Config{})
	same(t, what, numbers(t, drain(t, s, "a")), upTo(all, lost...))
	st := s.Stats()
	if got := st.Lost[LostDamaged] + st.Torn; got != uint64(len(lost)) {
		t.Fatalf("%s: %d damaged and %d torn, but %d are missing", what, st.Lost[LostDamaged], st.Torn, len(lost))
	}
	s = still(t, d, Config{Readers: []string{"b"}}) // as it was left
	same(t, what+", opened again", numbers(t, drain(t, s, "b")), upTo(all, lost...))
	return st
}

// T3: every bit of a segment flipped costs the record it is in and no other one.
func TestEveryBitFlip(t *testing.T) {
	flipBits(t, 3, 30, 0, 1, 2)
	if prove() {
		flipBits(t, 60, 1052, 1) // 64 KiB: 524 672 flips
	}
}

// flipBits flips each bit of some of the three segments.
func flipBits(t *testing.T, each uint64, size int, which ...int) {
	d, segments := sample(t, each, size)
	for _, i := range which {
		name := segments[i]
		content := d.content(name)
		parallel(8*len(content), func(bit uint64) {
			if t.Failed() {
				return
			}
			hurt := d.copyOf()
			hurt.content(name)[bit/8] ^= 1 << (bit % 8)
			what := fmt.Sprintf("segment %d, byte %d, bit %d", i, bit/8, bit%8)
			var lost []uint64
			if at := int(bit / 8); at >= segmentHeader {
				lost = append(lost, uint64(i)*each+uint64(at-segmentHeader)/uint64(recordHeader+size)+1)
			}
			st := checkDamage(t, what, hurt, 3*each, lost...)
			if i < 2 && st.Torn > 0 {
				t.Errorf("%s: taken for the end of a batch that a crash tore", what)
			}
			if st.Copies+st.Rescued+st.Strange > 0 {
				t.Errorf("%s: %+v", what, st)
			}
		})
	}
}

// T3: a segment cut at every byte.
func TestEveryTruncation(t *testing.T) {
	each, size := uint64(5), 60
	if prove() {
		each, size = 60, 1052
	}
	d, segments := sample(t, each, size)
	for i, name := range segments {
		content := d.content(name)
		parallel(len(content), func(at uint64) {
			if t.Failed() {
				return
			}
			hurt := d.copyOf()
			hurt.put(name, slices.Clone(content[:at]))
			whole := uint64(0)
			if at >= segmentHeader {
				whole = (at - segmentHeader) / uint64(recordHeader+size)
			}
			var lost []uint64
			for n := uint64(i)*each + whole + 1; n <= uint64(i+1)*each; n++ {
				lost = append(lost, n)
			}
			s := still(t, hurt, Config{})
			what := fmt.Sprintf("segment %d cut at %d", i, at)
			same(t, what, numbers(t, drain(t, s, "a")), upTo(3*each, lost...))
			want := uint64(len(lost))
			if i == 2 {
				want = 0 // nothing behind the last one tells what was there
			} else if i == 0 && whole == 0 {
				want = s.Stats().Lost[LostDamaged] // nor before the first one
			}
			if got := s.Stats().Lost[LostDamaged]; got != want {
				t.Errorf("%s: %d damaged, want %d", what, got, want)
			}
		})
	}
}

func TestDamagedFolders(t *testing.T) {
	random := make([]byte, 1<<20)
	rng := rand.NewChaCha8([32]byte{7})
	rng.Read(random)
	foreign, foreignSegments := sample(t, 5, 60)
	for _, c := range []struct {
		name  string
		hurt  func(d *memDisk, segments []string)
		lost  []uint64
		extra []uint64 // read besides 1..15
		check func(Stats) bool
	}{
		{"untouched", func(*memDisk, []string) {}, nil, nil, func(s Stats) bool { return s.Lost.Sum()+s.Torn+s.Copies+s.Strange == 0 }},
		{"zero length", func(d *memDisk, s []string) { d.put(s[1], nil) }, upTo(10, upTo(5)...), nil, nil},
		{"missing", func(d *memDisk, s []string) { delete(d.names, s[1]) }, upTo(10, upTo(5)...), nil, nil},
		{"swapped", func(d *memDisk, s []string) { d.names[s[0]], d.names[s[2]] = d.names[s[2]], d.names[s[0]] }, nil, nil,
			func(s Stats) bool { return s.Rescued+s.Lost.Sum() == 0 }},
		{"all turned round", func(d *memDisk, s []string) {
			d.names[s[0]], d.names[s[1]], d.names[s[2]] = d.names[s[1]], d.names[s[2]], d.names[s[0]]
		}, nil, nil, func(s Stats) bool { return s.Rescued+s.Lost.Sum() == 0 }},
		{"duplicated", func(d *memDisk, s []string) { d.put(segmentName(0x900), d.content(s[1])) }, nil, nil,
			func(s Stats) bool { return s.Copies == 1 && s.Rescued+s.Lost.Sum() == 0 }},
		{"a copy that is cut", func(d *memDisk, s []string) { d.put(segmentName(0x900), d.content(s[1])[:400]) }, nil, nil,
			func(s Stats) bool { return s.Copies == 1 && s.Rescued+s.Lost.Sum() == 0 }},
		{"one behind the other in one file", func(d *memDisk, s []string) {
			d.put(s[0], append(slices.Clone(d.content(s[0])), d.content(s[1])...))
			delete(d.names, s[1])
		}, nil, nil, func(s Stats) bool { return s.Lost[LostDamaged] == 0 }},
		{"random bytes in a segment's place", func(d *memDisk, s []string) { d.put(s[1], random) }, upTo(10, upTo(5)...), nil,
			func(s Stats) bool { return s.QuarantineFiles == 1 && s.Strange == 1 }},
		{"random bytes in a new segment", func(d *memDisk, _ []string) { d.put(segmentName(0x900), random) }, nil, nil,
			func(s Stats) bool { return s.QuarantineFiles == 1 && s.Lost.Sum() == 0 }},
		{"random bytes behind", func(d *memDisk, s []string) { d.put(s[1], append(slices.Clone(d.content(s[1])), random...)) }, nil, nil,
			func(s Stats) bool { return s.QuarantineFiles == 1 && s.Lost.Sum() == 0 }},
		{"random bytes in front", func(d *memDisk, s []string) { d.put(s[1], append(slices.Clone(random), d.content(s[1])...)) }, nil, nil,
			func(s Stats) bool { return s.QuarantineFiles == 1 && s.Lost.Sum() == 0 }},
		{"a file of zeros", func(d *memDisk, _ []string) { d.put(segmentName(0x900), make([]byte, 1<<16)) }, nil, nil, nil},
		{"cursors gone", func(d *memDisk, _ []string) { delete(d.names, "a.cursor") }, nil, nil, nil},
		{"cursor damaged", func(d *memDisk, _ []string) { d.content("a.cursor")[30] ^= 1 }, nil, nil, nil},
		{"cursor of another spool", func(d *memDisk, _ []string) { d.put("a.cursor", foreign.content("a.cursor")) }, nil, nil, nil},
		{"format gone", func(d *memDisk, _ []string) { delete(d.names, formatName) }, nil, nil, func(s Stats) bool { return s.Rescued == 0 }},
		{"format damaged", func(d *memDisk, _ []string) { d.put(formatName, []byte("what\n")) }, nil, nil, func(s Stats) bool { return s.Rescued == 0 }},
		{"a file that is not the spool's", func(d *memDisk, _ []string) { d.put("README.txt", random) }, nil, nil,
			func(s Stats) bool { return s.Strange == 1 }},
		{"a segment of another spool", func(d *memDisk, _ []string) { d.put(segmentName(0x900), foreign.content(foreignSegments[0])) }, nil,
			upTo(5), func(s Stats) bool { return s.Rescued == 5 }},
		{"a segment of another spool in place of one", func(d *memDisk, s []string) { d.put(s[2], foreign.content(foreignSegments[2])) }, upTo(15, upTo(10)...),
			upTo(15, upTo(10)...), func(s Stats) bool { return s.Rescued == 5 }},
		{"a pipe in a segment's place", func(d *memDisk, s []string) { d.special[s[1]] = true }, upTo(10, upTo(5)...), nil,
			func(s Stats) bool { return s.Strange == 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, segments := sample(t, 5, 60)
			special := d.special
			d = d.copyOf()
			c.hurt(d, segments)
			for name := range special {
				d.special[name] = true
			}
			s := still(t, d, Config{})
			got := numbers(t, drain(t, s, "a"))
			same(t, "read", got, append(upTo(15, c.lost...), c.extra...))
			if c.check != nil && !c.check(s.Stats()) {
				t.Errorf("figures: %+v", s.Stats())
			}
			// what comes next is appended and read as ever, and what was put right stays right
			fill(t, s, 100, 103, 60, 1)
			same(t, "read afterwards", numbers(t, drain(t, s, "a")), []uint64{100, 101, 102, 103})
			s.keep(s.toldAt)
			s = still(t, s.dir, Config{})
			same(t, "read after the next start", numbers(t, drain(t, s, "a")), nil)
			if st := s.Stats(); st.Rescued > 0 || st.Copies > 0 {
				t.Errorf("figures of the next start: %+v", st)
			}
		})
	}
}

// Everything that a newer cleartap may have left is refused, and nothing is touched.
func TestNewerSpool(t *testing.T) {
	d, segments := sample(t, 2, 20)
	newer := func(c []byte) []byte {
		h, _ := parseSegmentHead(c)
		h.version = formatVersion + 1
		return append(h.encode(), bytes.Repeat([]byte("what it may be "), 20)...)
	}
	for what, hurt := range map[string]func(*memDisk){
		segments[1]: func(d *memDisk) { d.put(segments[1], newer(d.content(segments[1]))) },
		"format":    func(d *memDisk) { d.put("format", []byte(line("spool", 2, 77, 0))) },
		"a.cursor":  func(d *memDisk) { d.put("a.cursor", []byte(line("cursor", 2, 77, 5))) },
	} {
		d := d.copyOf()
		hurt(d)
		d.fault = func(_ int, op, name string) error {
			if op != "open" && op != "read" && op != "list" {
				t.Errorf("%s: %s %s", what, op, name)
			}
			return nil
		}
		_, err := load(stillConfig(Config{}), d)
		newer := (*NewerError)(nil)
		if !errors.As(err, &newer) || newer.File != what || !strings.Contains(err.Error(), "newer cleartap") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Damage that appears while the spool is open is passed, counted once for all
// readers, and set aside.
func TestDamageWhileOpen(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{Readers: []string{"a", "b"}, SegmentBytes: 1000})
	fill(t, s, 1, 20, 60, 3)
	names := d.segments()
	d.content(names[0])[segmentHeader+2*(recordHeader+60)+70] ^= 4 // record 3
	last := d.content(names[len(names)-2])
	last[len(last)-1] ^= 1 // the last record of a segment that is not the active one
	lost := []uint64{3, s.segs[len(names)-2].last}
	for _, name := range []string{"a", "b"} {
		same(t, name, numbers(t, drain(t, s, name)), upTo(20, lost...))
	}
	s.turn(s.toldAt)
	if st := s.Stats(); st.Lost[LostDamaged] != 2 || st.QuarantineFiles != 2 {
		t.Errorf("figures: %+v", st)
	}
}

// A block that the disk does not give costs the records in it, after some patience.
func TestUnreadableBlock(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{SegmentBytes: 64 << 10})
	fill(t, s, 1, 60, 960, 10) // 1000 bytes each
	s.seal()
	f := &badBlock{memDisk: d, from: 8192, to: 12288}
	s.dir = f
	got := numbers(t, drain(t, s, "a"))
	want := upTo(60, 9, 10, 11, 12, 13) // 48+8*1000 < 8192, 48+12*1000 < 12288
	same(t, "with a bad block", got, want)
	if st := s.Stats(); st.Lost[LostDamaged] != 5 {
		t.Errorf("figures: %+v", st)
	}
	// at a start it is the same
	s, err := load(stillConfig(Config{Readers: []string{"b"}}), f)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "with a bad block at the start", numbers(t, drain(t, s, "b")), want)
	if st := s.Stats(); st.Lost[LostDamaged] != 5 {
		t.Errorf("figures: %+v", st)
	}
}

// badBlock is a disk that does not give some bytes of its segments.
type badBlock struct {
	*memDisk
	from, to int64
}

func (b *badBlock) open(name string) (file, error) {
	f, err := b.memDisk.open(name)
	return &badFile{f, b}, err
}

type badFile struct {
	file
	b *badBlock
}

func (f *badFile) ReadAt(p []byte, off int64) (int, error) {
	end := off + int64(len(p))
	if end <= f.b.from || off >= f.b.to {
		return f.file.ReadAt(p, off)
	}
	n := 0
	if off < f.b.from {
		n, _ = f.file.ReadAt(p[:f.b.from-off], off)
	}
	return n, errors.New("input/output error")
}

// A sealed segment that somebody removed does not hold up what comes behind it.
func TestSegmentRemovedByHand(t *testing.T) {
	d := newMemDisk()
	s := still(t, d, Config{SegmentBytes: 1000})
	fill(t, s, 1, 30, 60, 3)
	second := s.segs[1]
	delete(d.names, second.name)
	var lost []uint64
	for n := second.first; n <= second.last; n++ {
		lost = append(lost, n)
	}
	same(t, "read", numbers(t, drain(t, s, "a")), upTo(30, lost...))
	if n := s.Stats().Lost[LostDamaged]; n != uint64(len(lost)) {
		t.Errorf("%d lost, want %d", n, len(lost))
	}
}

// Random damage of every kind: what is intact is read, the start never fails.
func TestRandomDamage(t *testing.T) {
	base, segments := sample(t, 8, 90)
	parallel(times(3_000, 200_000), func(seed uint64) {
		if t.Failed() {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 3))
		d := base.copyOf()
		hurt := map[uint64]bool{}
		for range 1 + rng.IntN(4) {
			i := rng.IntN(len(segments))
			c := d.content(segments[i])
			at := rng.IntN(len(c))
			n := min(1+rng.IntN(200), len(c)-at)
			for j := at; j < at+n; j++ {
				c[j] = byte(rng.Uint32())
				if j >= segmentHeader {
					hurt[uint64(i*8+(j-segmentHeader)/(recordHeader+90)+1)] = true
				}
			}
		}
		s, err := load(stillConfig(Config{}), d)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			return
		}
		got := map[uint64]bool{}
		r, _ := s.Reader("a")
		out, err := r.fill(context.Background(), 1000)
		for _, rec := range out {
			got[number(t, rec.Payload)] = true
		}
		for n := uint64(1); n <= 24; n++ {
			if !got[n] && !hurt[n] {
				t.Errorf("seed %d: record %d is intact and was not read (%v)", seed, n, err)
			}
		}
	})
}

// Damage in the last batch before a clean end is told from what a crash leaves.
func TestDamageBeforeACleanEnd(t *testing.T) {
	for n := uint64(1); n <= 5; n++ {
		d := newMemDisk()
		s := still(t, d, Config{})
		fill(t, s, 1, 5, 60, 5)
		s.end()
		d.content(d.segments()[0])[segmentHeader+(n-1)*100+70] ^= 1
		for run := range 2 {
			s = still(t, d, Config{Readers: []string{fmt.Sprint("a", run)}})
			same(t, "read", numbers(t, drain(t, s, fmt.Sprint("a", run))), upTo(5, n))
			if st := s.Stats(); st.Lost[LostDamaged] != 1 || st.Torn != 0 {
				t.Errorf("record %d, run %d: %d damaged, %d torn", n, run, st.Lost[LostDamaged], st.Torn)
			}
		}
	}
}
