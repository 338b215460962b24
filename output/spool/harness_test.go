package spool

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// prove says whether the long forms of the tests are asked for.
func prove() bool { return os.Getenv("CLEARTAP_PROVE") != "" }

// times is how often a test runs its body: short, or long when proving.
func times(short, long int) int {
	if prove() {
		return long
	}
	return short
}

// open loads a spool that does nothing by itself: the test calls commit and keep.
func still(t testing.TB, d fsys, c Config) *Spool {
	t.Helper()
	s, err := load(stillConfig(c), d)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return s
}

func stillConfig(c Config) Config {
	c.Dir = "memory"
	if c.Readers == nil {
		c.Readers = []string{"a"}
	}
	c.patience = time.Nanosecond
	return c.withDefaults()
}

// payload makes the payload number n, of size bytes at least 8.
func payload(n uint64, size int) []byte {
	p := make([]byte, max(8, size))
	binary.BigEndian.PutUint64(p, n)
	for i := 8; i < len(p); i++ {
		p[i] = byte(n + uint64(i))
	}
	return p
}

// number reads which payload it is, and makes sure that it is all of it.
func number(t testing.TB, p []byte) uint64 {
	t.Helper()
	if len(p) < 8 {
		t.Fatalf("a payload of %d bytes", len(p))
	}
	n := binary.BigEndian.Uint64(p)
	if string(p) != string(payload(n, len(p))) {
		t.Fatalf("payload %d is not as it was appended", n)
	}
	return n
}

// drain reads all that is committed, and is done with it.
func drain(t testing.TB, s *Spool, name string) []Record {
	t.Helper()
	r, err := s.Reader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []Record
	for {
		out, err := r.fill(context.Background(), 64)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) == 0 {
			return all
		}
		all = append(all, out...)
		if err := r.Done(out[len(out)-1].Seq); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(t testing.TB, records []Record) []uint64 {
	t.Helper()
	var all []uint64
	for _, r := range records {
		all = append(all, number(t, r.Payload))
	}
	return all
}

// upTo is 1 to n without the ones named.
func upTo(n uint64, without ...uint64) []uint64 {
	var all []uint64
next:
	for i := uint64(1); i <= n; i++ {
		for _, w := range without {
			if w == i {
				continue next
			}
		}
		all = append(all, i)
	}
	return all
}

// fill appends the payloads from..to of size bytes, and commits each step of them.
func fill(t testing.TB, s *Spool, from, to uint64, size, step int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if !s.Append(payload(n, size), false) {
			t.Fatalf("payload %d was refused", n)
		}
		if int(n-from)%step == step-1 || n == to {
			s.commit(time.Now())
		}
	}
	if s.waiting > 0 {
		t.Fatalf("%d records wait after the commit", s.waiting)
	}
}

// wait calls ok until it gives true.
func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: did not happen within 20 s", what)
		}
	}
}

func closeSpool(t testing.TB, s *Spool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want []uint64) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 11)) }

// realSpool opens a spool in a folder of the file system.
func realSpool(t testing.TB, dir string, c Config) *Spool {
	t.Helper()
	c.Dir = dir
	if c.Readers == nil {
		c.Readers = []string{"a"}
	}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func flush(t testing.TB, s *Spool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}
