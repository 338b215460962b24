package reassembly

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"cleartap/capture"
)

// A talk is a conversation with all its segments, and a model of what should
// become of them: of each byte the copy that was captured first.
type talk struct {
	r     *rand.Rand
	isn   [2]uint32
	text  [2][]byte
	sent  []piece // in the order of the wire
	taken []piece // in the order of the capture
}

// piece is a segment by offsets.
type piece struct {
	d        Dir
	from, to int
	acked    int // offset of the other direction
	flags    capture.Flags
	forged   bool // other content
}

func newTalk(seed uint64) *talk {
	r := rand.New(rand.NewPCG(seed, 7))
	k := &talk{r: r, isn: [2]uint32{r.Uint32(), r.Uint32()}}
	if r.IntN(3) == 0 {
		k.isn[r.IntN(2)] = -uint32(r.IntN(200))
	}
	k.sent = append(k.sent, piece{d: ToServer, flags: syn}, piece{d: ToClient, flags: synAck})
	for range 2 + r.IntN(12) {
		d := Dir(r.IntN(2))
		k.say(d, 1+r.IntN(60))
	}
	return k
}

// say adds a message of n bytes in a few segments.
func (k *talk) say(d Dir, n int) {
	from := len(k.text[d])
	for range n {
		k.text[d] = append(k.text[d], byte('a'+k.r.IntN(26)))
	}
	for end := len(k.text[d]); from < end; {
		to := min(end, from+1+k.r.IntN(20))
		k.sent = append(k.sent, piece{d, from, to, len(k.text[d.Other()]), ack, false})
		from = to
	}
}

func (k *talk) end() {
	for d := range Dir(2) {
		n := len(k.text[d])
		k.sent = append(k.sent, piece{d, n, n, len(k.text[d.Other()]), fin, false})
	}
}

// mangle makes the capture: of what was sent, some comes late, again, in other cuts, or never.
func (k *talk) mangle(shift int, lose, again, forge float64) {
	var at []float64
	add := func(p piece, when float64) {
		k.taken = append(k.taken, p)
		at = append(at, when)
	}
	for i, p := range k.sent {
		if p.flags != ack {
			add(p, float64(i))
			continue
		}
		if k.r.Float64() >= lose {
			add(p, float64(i)+k.r.Float64()*float64(shift))
		}
		if k.r.Float64() < again {
			q := p
			q.from = max(0, p.from-k.r.IntN(15))
			q.to = min(len(k.text[p.d]), p.to) - k.r.IntN(p.to-p.from)
			q.forged = k.r.Float64() < forge
			if q.from < q.to {
				add(q, float64(i)+k.r.Float64()*float64(2*shift+1))
			}
		}
	}
	for i := range k.taken { // by insertion, to keep equals in order
		for j := i; j > 0 && at[j] < at[j-1]; j-- {
			at[j], at[j-1] = at[j-1], at[j]
			k.taken[j], k.taken[j-1] = k.taken[j-1], k.taken[j]
		}
	}
}

func (k *talk) content(p piece) []byte {
	b := append([]byte(nil), k.text[p.d][p.from:p.to]...)
	if p.forged {
		for i := range b {
			b[i] -= 'a' - 'A'
		}
	}
	return b
}

func (k *talk) segment(w *wire, p piece) {
	seq := k.isn[p.d] + 1 + uint32(p.from)
	if p.flags.Has(syn) {
		seq--
	}
	w.send(p.d, p.flags, seq, k.isn[p.d.Other()]+1+uint32(p.acked), string(k.content(p)))
}

// model gives, for each direction, the first copy captured of each byte, 0 for none.
func (k *talk) model() (m [2][]byte) {
	for d := range m {
		m[d] = make([]byte, len(k.text[d]))
	}
	for _, p := range k.taken {
		for i, b := range k.content(p) {
			if m[p.d][p.from+i] == 0 {
				m[p.d][p.from+i] = b
			}
		}
	}
	return m
}

// answers tells how much of the other direction a byte follows: what the copy of
// it acknowledges that acknowledges least.
func (k *talk) answers(d Dir, at int) (acked int) {
	acked = len(k.text[d.Other()])
	for _, p := range k.taken {
		if p.d == d && p.from <= at && at < p.to {
			acked = min(acked, p.acked)
		}
	}
	return acked
}

// A modelStream is a Stream that holds what it gets to the model.
type modelStream struct {
	t      *testing.T
	k      *talk
	want   [2][]byte
	at     [2]int
	strict bool // replies come after what they answer
	gaps   int
	closed bool
}

func (j *modelStream) Data(d Dir, m capture.Mark, p []byte) bool {
	if at := int(m.Seq - j.k.isn[d] - 1); at != j.at[d] {
		j.t.Fatalf("direction %v: at %d, not %d", d, at, j.at[d])
	}
	for i, b := range p {
		if j.want[d][j.at[d]+i] != b {
			j.t.Fatalf("direction %v: byte %d is %c, not %c", d, j.at[d]+i, b, j.want[d][j.at[d]+i])
		}
	}
	j.at[d] += len(p)
	if acked := j.k.answers(d, j.at[d]-1); j.strict && acked > j.at[d.Other()] {
		j.t.Fatalf("direction %v: answers byte %d, only %d were delivered", d, acked, j.at[d.Other()])
	}
	return true
}

func (j *modelStream) Gap(d Dir, m capture.Mark, n int) bool {
	for i := range n {
		if j.want[d][j.at[d]+i] != 0 {
			j.t.Fatalf("direction %v: byte %d of a gap was captured", d, j.at[d]+i)
		}
	}
	j.at[d] += n
	j.gaps++
	return true
}

func (j *modelStream) Conflict(Dir, capture.Mark) {}
func (j *modelStream) Close()                     { j.closed = true }

// play runs the capture through an Assembler and compares with the model.
func (k *talk) play(t *testing.T, strict bool, classify func(*Probe) Verdict) *modelStream {
	j := &modelStream{t: t, k: k, want: k.model(), strict: strict}
	w := newWire(t, func(c *Config) {
		c.Open = func(*Flow, *Probe) Stream { return j }
		c.Classify = classify
		c.MailPort = func(p uint16) bool { return p == 110 }
		c.MaxWait, c.ReorderWait = 15*time.Second, 15*time.Second
	})
	for _, p := range k.taken {
		k.segment(w, p)
		w.check()
	}
	w.a.Flush()
	w.check()
	for d := range j.want {
		for i := j.at[d]; i < len(j.want[d]); i++ {
			if j.want[d][i] != 0 {
				t.Fatalf("direction %v: ends at %d, byte %d was captured", Dir(d), j.at[d], i)
			}
		}
	}
	if n := len(w.a.Stats().text()); n == 0 {
		t.Fatal("no counters")
	}
	return j
}

func (s Stats) text() string { return fmt.Sprintf("%+v", s) }

// undecidedFor waits until a side showed n bytes.
func undecidedFor(n int) func(*Probe) Verdict {
	return func(p *Probe) Verdict {
		if p.Final || len(p.ToServer) >= n || len(p.ToClient) >= n {
			return Open
		}
		return Wait
	}
}

func TestModelWithoutLoss(t *testing.T) {
	for seed := range uint64(3000) {
		k := newTalk(seed)
		k.end()
		again := 0.3 * float64(seed%2) // a copy that acknowledges more may hide what the other one answers
		k.mangle(k.r.IntN(8), 0, again, 0)
		j := k.play(t, again == 0, undecidedFor(k.r.IntN(60)))
		if t.Failed() || j.gaps != 0 || !j.closed {
			t.Fatalf("seed %d: %d gaps, closed %v", seed, j.gaps, j.closed)
		}
	}
}

func TestModelWithLossAndForgery(t *testing.T) {
	for seed := range uint64(3000) {
		k := newTalk(seed)
		k.mangle(k.r.IntN(8), 0.2, 0.3, 0.5)
		k.play(t, false, undecidedFor(k.r.IntN(60)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestModelOneSided(t *testing.T) {
	for seed := range uint64(2000) {
		k := newTalk(seed)
		k.mangle(k.r.IntN(6), 0.1, 0.3, 0.1)
		side := Dir(k.r.IntN(2))
		all := k.taken
		k.taken = nil
		for _, p := range all {
			if p.d == side {
				k.taken = append(k.taken, p)
			}
		}
		k.play(t, false, undecidedFor(k.r.IntN(60)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestModelMidstream(t *testing.T) {
	for seed := range uint64(2000) {
		k := newTalk(seed)
		k.sent = k.sent[2:]
		k.mangle(0, 0, 0.3, 0.2) // the first bytes in order: nothing tells where it begins
		k.play(t, false, undecidedFor(k.r.IntN(60)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestDeterminism plays many interleaved talks twice: the calls must be the same.
func TestDeterminism(t *testing.T) {
	run := func() (log []string) {
		w := newWire(t, func(c *Config) { c.Classify = undecidedFor(10); c.MaxMemory = 1 << 20 })
		w.record = true
		for seed := range uint64(300) {
			k := newTalk(seed)
			k.end()
			k.mangle(5, 0.05, 0.3, 0.3)
			w.client.Port = uint16(1000 + seed)
			for _, p := range k.taken {
				k.segment(w, p)
			}
		}
		rand.New(rand.NewPCG(3, 4)).Shuffle(len(w.segments)/2, func(i, j int) {
			w.segments[i], w.segments[j] = w.segments[j], w.segments[i]
		})
		for _, s := range w.segments {
			w.push(s)
		}
		w.a.Flush()
		return w.log
	}
	one, two := run(), run()
	if len(one) != len(two) {
		t.Fatalf("%d calls and %d", len(one), len(two))
	}
	for i := range one {
		if one[i] != two[i] {
			t.Fatalf("call %d: %q and %q", i, one[i], two[i])
		}
	}
}
