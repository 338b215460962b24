package reassembly

import (
	"math/rand/v2"
	"strings"
	"testing"

	"cleartap/capture"
)

// undecided makes a wire whose only flow nobody decides about, and gives its entry.
func undecided(t *testing.T) (w *wire, e func() *entry) {
	w = newWire(t, func(c *Config) { c.Classify = func(*Probe) Verdict { return Wait } })
	w.handshake()
	return w, func() *entry { return w.a.entry(1) }
}

// What is held of an undecided flow that came in order, however many the segments and
// though the other side spoke in between, is gone through once for each that comes.
func TestInOrderIsGoneThroughOnce(t *testing.T) {
	w, e := undecided(t)
	for range 25 {
		w.c("a")
		w.s("b")
	}
	for side := range uint8(2) {
		buf := make([]byte, 0, 128)
		end := w.a.inOrder(&buf, e(), side, e().base[side])
		if want := strings.Repeat(string("ab"[side^e().client()]), 25); string(buf) != want || end != e().base[side]+25 {
			t.Errorf("side %d: %q up to %d", side, buf, end-e().base[side])
		}
	}
}

// Whatever came in whatever order, what was held first counts, as if all had been looked
// for one by one.
func TestGatherTakesWhatCameFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		w, e := undecided(t)
		for range 2 + r.IntN(30) {
			at, n := r.IntN(40), 1+r.IntN(12)
			p := strings.Repeat(string(rune('a'+r.IntN(26))), n)
			seq := w.cs + uint32(at)
			if r.IntN(2) == 0 {
				seq = w.cs + uint32(len(heldOf(w.a, e(), w.cs)))
			}
			w.send(ToServer, capture.ACK, seq, w.ss, p)
		}
		got, _, _ := w.a.gather(e(), e().client(), nil)
		if want := heldOf(w.a, e(), w.cs); string(got) != want {
			t.Fatalf("round %d: %q, want %q", round, got, want)
		}
	}
}

// heldOf is gather, one held segment after the other.
func heldOf(a *Assembler, e *entry, pos uint32) string {
	var out []byte
	for {
		buf := make([]byte, 0, 128)
		n := a.extend(&buf, e, e.client(), pos)
		if n == 0 {
			return string(out[:min(len(out), a.limits.probeBytes)])
		}
		out = append(out, buf...)
		pos += uint32(n)
	}
}
