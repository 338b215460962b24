package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"cleartap/internal/fuzzing"
)

// FuzzSegment puts anything in the place of a segment, between two that are
// intact: the start succeeds, the intact ones are read, a repair makes all
// sound, and the scanner gives every byte once.
func FuzzSegment(f *testing.F) {
	base, segments := sample(f, 3, 40)
	intact := base.content(segments[1])
	f.Add(intact)
	f.Add(intact[:len(intact)-3])
	f.Add(append(bytes.Clone(intact), intact...))
	f.Add(intact[segmentHeader:])
	f.Add([]byte(segmentMagic))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte(recordMagic), 20))
	foreign, others := sample(f, 3, 40)
	f.Add(foreign.content(others[0]))
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, data []byte) {
		checkScanner(t, data)
		d := base.copyOf()
		d.put(segments[1], bytes.Clone(data))
		s, err := load(stillConfig(Config{}), d)
		if newer := (*NewerError)(nil); errors.As(err, &newer) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Reader("a")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for {
			out, err := r.fill(context.Background(), 7)
			if err != nil {
				t.Fatal(err)
			}
			if len(out) == 0 {
				break
			}
			for _, rec := range out {
				got[string(rec.Payload)] = true
			}
		}
		for _, n := range []uint64{1, 2, 3, 7, 8, 9} {
			if !got[string(payload(n, 40))] {
				t.Fatalf("record %d is intact and was not read", n)
			}
		}
		if err := s.mend(); err != nil {
			t.Fatal(err)
		}
		s.seal()
		if report, err := inspect(d); err != nil || !report.Sound() || report.Damaged > 0 {
			t.Fatalf("after a repair: %+v, %v", report, err)
		}
	})
}

// checkScanner makes sure that the items of a scan lie one behind the other.
func checkScanner(t *testing.T, data []byte) {
	t.Helper()
	scan := newScanner(bytes.NewReader(data), 0, int64(len(data)))
	at := int64(0)
	for {
		it, err := scan.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || it.off != at || it.end <= it.off {
			t.Fatalf("an item from %d to %d after %d: %v", it.off, it.end, at, err)
		}
		if !it.damaged && !bytes.Equal(it.payload, data[it.off+recordHeader:it.end]) {
			t.Fatalf("the payload at %d is not what is there", it.off)
		}
		at = it.end
	}
	if at != int64(len(data)) {
		t.Fatalf("the scan ends at %d of %d", at, len(data))
	}
}

// FuzzLine reads anything as a cursor; what is read is what was written.
func FuzzLine(f *testing.F) {
	f.Add(cursorLine(7, 42))
	f.Add(line("cursor", 2, 7, 42))
	f.Add(formatLine(9))
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, text string) {
		version, id, at, ok := parseLine("cursor", text)
		if ok && version <= formatVersion && (version < 0 || at >= maxSequence) {
			t.Fatalf("%d %d %d", version, id, at)
		}
		if got, gotID, gotAt, ok := parseLine("cursor", cursorLine(id, at%maxSequence)); !ok || got != formatVersion || gotID != id || gotAt != at%maxSequence {
			t.Fatalf("%q is not read back", cursorLine(id, at))
		}
	})
}
