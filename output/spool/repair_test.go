package spool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// onDiskOf writes a disk of the model to a folder.
func onDiskOf(t testing.TB, d *memDisk) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, node := range d.names {
		if err := os.WriteFile(filepath.Join(dir, name), node.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func dumped(t testing.TB, dir string, from uint64) []uint64 {
	t.Helper()
	var got []uint64
	if err := Dump(dir, from, func(r Record) error { got = append(got, number(t, r.Payload)); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

// Verify finds what is wrong, and changes nothing; Repair puts it right and
// loses nothing that was intact; after it all is in order.
func TestVerifyAndRepair(t *testing.T) {
	for name, c := range map[string]struct {
		hurt func(d *memDisk, s []string)
		lost []uint64
	}{
		"nothing": {func(*memDisk, []string) {}, nil},
		"records": {func(d *memDisk, s []string) {
			d.content(s[0])[segmentHeader+130] ^= 1 // record 2
			d.content(s[1])[segmentHeader+10] ^= 1  // record 6, the first of its segment
			d.content(s[1])[segmentHeader+410] ^= 1 // record 10, the last of it
		}, []uint64{2, 6, 10}},
		"head":     {func(d *memDisk, s []string) { d.content(s[1])[9] ^= 1 }, nil},
		"cut":      {func(d *memDisk, s []string) { d.put(s[1], d.content(s[1])[:300]) }, []uint64{8, 9, 10}},
		"missing":  {func(d *memDisk, s []string) { delete(d.names, s[1]) }, upTo(10, upTo(5)...)},
		"copied":   {func(d *memDisk, s []string) { d.put(segmentName(77), bytes.Clone(d.content(s[1]))) }, nil},
		"swapped":  {func(d *memDisk, s []string) { d.names[s[0]], d.names[s[1]] = d.names[s[1]], d.names[s[0]] }, nil},
		"empty":    {func(d *memDisk, s []string) { d.put(segmentName(77), nil) }, nil},
		"nonsense": {func(d *memDisk, s []string) { d.put(segmentName(77), bytes.Repeat([]byte("what"), 100)) }, nil},
		"torn":     {func(d *memDisk, s []string) { d.put(s[2], append(bytes.Clone(d.content(s[2])), "\xffCT\xfe\x01"...)) }, nil},
		"disorder": {func(d *memDisk, s []string) {
			d.put(s[2], append(bytes.Clone(d.content(s[2])), d.content(s[1])[:200]...))
			delete(d.names, s[1])
		}, upTo(10, 1, 2, 3, 4, 5, 6)},
		"leftovers": {func(d *memDisk, s []string) { d.put("a.cursor.tmp", []byte("x")) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, segments := sample(t, 5, 60)
			c.hurt(d, segments)
			dir := onDiskOf(t, d)
			before := fmt.Sprint(snapshot(t, dir))
			r, err := Verify(dir)
			if err != nil {
				t.Fatal(err)
			}
			whole := name == "nothing" || name == "swapped" || name == "leftovers"
			if r.Sound() != whole {
				t.Errorf("sound: %v: %+v", r.Sound(), r)
			}
			if name != "disorder" && (r.Damaged != uint64(len(c.lost)) || r.Readers[0].Waiting != 15-len(c.lost)) {
				t.Errorf("%d damaged, %d waiting: %+v", r.Damaged, r.Readers[0].Waiting, r)
			}
			if len(dumped(t, dir, 0)) != 15-len(c.lost) {
				t.Errorf("dump: %v", dumped(t, dir, 0))
			}
			if after := fmt.Sprint(snapshot(t, dir)); after != before {
				t.Errorf("looking changed the spool:\n%s\n%s", before, after)
			}
			for run := range 2 {
				if r, err = Repair(dir, nil); err != nil || !r.Sound() || r.Damaged > 0 || r.Records != 15-len(c.lost) {
					t.Fatalf("repair %d: %+v, %v", run, r, err)
				}
			}
			s, err := Open(Config{Dir: dir, Readers: []string{"a"}})
			if err != nil {
				t.Fatal(err)
			}
			got := numbers(t, drain(t, s, "a"))
			if name == "disorder" {
				same(t, "read", got, []uint64{1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 6})
			} else {
				same(t, "read", got, upTo(15, c.lost...))
			}
			if st := s.Stats(); st.Lost.Sum() > 0 {
				t.Errorf("figures after the repair: %+v", st)
			}
			closeSpool(t, s)
		})
	}
}

// snapshot is names, sizes and times of a folder.
func snapshot(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		st, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(st.Name(), st.Size(), st.ModTime()))
	}
	return all
}

// A crash at any call of a repair loses nothing.
func TestCrashDuringRepair(t *testing.T) {
	base, segments := sample(t, 5, 60)
	base.content(segments[0])[segmentHeader+130] ^= 1
	base.content(segments[1])[segmentHeader+10] ^= 1
	base.put(segmentName(0x900), bytes.Clone(base.content(segments[2])[:350]))
	for at := 1; ; at++ {
		d := base.copyOf()
		d.dies = at
		mend := func(d *memDisk) error {
			s, err := load(stillConfig(Config{}), d)
			if err != nil {
				return err
			}
			return s.mend()
		}
		if mend(d) == nil && !d.dead() {
			if at < 50 {
				t.Errorf("only %d calls", at)
			}
			return
		}
		for seed := range uint64(8) {
			after := d.crash(newRand(seed))
			if err := mend(after); err != nil {
				t.Fatalf("crash at call %d: %v", at, err)
			}
			s := still(t, after, Config{Readers: []string{"b"}})
			same(t, fmt.Sprintf("crash at call %d", at), numbers(t, drain(t, s, "b")), upTo(15, 2, 6))
		}
	}
}

// Replay sets a reader back, and says how many records it gets again.
func TestReplay(t *testing.T) {
	d, _ := sample(t, 5, 60)
	d.put("b.cursor", []byte(cursorLine(still(t, d.copyOf(), Config{}).id, 12)))
	dir := onDiskOf(t, d)
	for from, want := range map[uint64][]uint64{0: upTo(15), 1: upTo(15), 7: upTo(15, 1, 2, 3, 4, 5, 6), 15: {15}} {
		n, err := Replay(dir, "b", from)
		if err != nil || n != len(want) {
			t.Errorf("from %d: %d, %v", from, n, err)
		}
		r, err := Verify(dir)
		if err != nil || r.Readers[1].Waiting != len(want) {
			t.Errorf("from %d: %+v, %v", from, r, err)
		}
	}
	if _, err := Replay(dir, "b", 16); err == nil {
		t.Error("replay of what is not there")
	}
	if _, err := Replay(dir, "elastic", 1); err == nil || err.Error() != "spool "+dir+": no sink elastic; there are: a, b" {
		t.Errorf("replay for an unknown sink: %v", err)
	}
}

// Requeue takes the records of any segment file.
func TestRequeue(t *testing.T) {
	d, segments := sample(t, 5, 60)
	other, _ := sample(t, 5, 60)
	dir, others := onDiskOf(t, d), onDiskOf(t, other)
	file := filepath.Join(others, segments[1])
	n, err := Requeue(context.Background(), dir, file)
	if err != nil || n != 5 {
		t.Fatalf("%d, %v", n, err)
	}
	same(t, "dumped", dumped(t, dir, 0), append(upTo(15), 6, 7, 8, 9, 10))
	same(t, "dumped from 16", dumped(t, dir, 16), []uint64{6, 7, 8, 9, 10})
	if _, err := Requeue(context.Background(), dir, others); err == nil {
		t.Error("requeue of a folder")
	}
	if _, err := Requeue(context.Background(), dir, filepath.Join(others, "none")); err == nil {
		t.Error("requeue of nothing")
	}
}

// Looking at a spool while a sensor writes and removes in it never fails.
func TestVerifyWhileRunning(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s, err := Open(Config{Dir: dir, Readers: []string{"a"}, SegmentBytes: 8192, SyncEvery: time.Millisecond, SyncRecords: 5})
	if err != nil {
		t.Fatal(err)
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := uint64(1); ; n++ {
			select {
			case <-quit:
				return
			default:
				if s.Append(payload(n, 500), false); n%10 == 0 {
					drain(t, s, "a")
					time.Sleep(time.Millisecond)
				}
			}
		}
	}()
	for range 50 {
		r, err := Verify(dir)
		if err != nil || !r.Running || r.Damaged > 0 {
			t.Errorf("verify: %+v, %v", r, err)
		}
		if err := Dump(dir, 0, func(Record) error { return nil }); err != nil {
			t.Errorf("dump: %v", err)
		}
	}
	close(quit)
	<-done
	closeSpool(t, s)
}
