package dialogtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleartap/detectors"
	"cleartap/reassembly"
)

// Run replays the dialogues of testdata/*.txt against the protocols, each in
// every manner of cutting, and with either side missing.
func Run(t *testing.T, protocols ...*detectors.Protocol) {
	t.Helper()
	for _, d := range Load(t, "testdata/*.txt") {
		t.Run(d.Name, func(t *testing.T) { d.Check(t, protocols...) })
	}
}

// Load reads the dialogues that pattern names. There must be some.
func Load(t testing.TB, pattern string) []*Dialogue {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no dialogues in %s", pattern)
	}
	var all []*Dialogue
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(strings.TrimSuffix(filepath.Base(name), ".txt"), string(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// Check replays the dialogue in every manner.
func (d *Dialogue) Check(t *testing.T, protocols ...*detectors.Protocol) {
	t.Helper()
	both := d.play(protocols, d.visible, whole)
	logins, facts := loginsOf(both)
	d.searchSecrets(t, facts)
	d.compareLines(t, logins)
	d.compareFacts(t, facts)
	for name, cut := range d.cuts() {
		d.compareRuns(t, name, both, d.play(protocols, d.visible, cut))
	}
	if !d.only[reassembly.ToClient] {
		d.checkAlone(t, protocols)
	}
	logins, facts = loginsOf(d.play(protocols, only(reassembly.ToClient), whole))
	d.searchSecrets(t, facts)
	for _, o := range logins {
		t.Errorf("the server's side alone gave %s", describe(&o.Observation))
	}
}

// checkAlone replays the client's side alone: the same attempts, outcome unknown.
func (d *Dialogue) checkAlone(t *testing.T, protocols []*detectors.Protocol) {
	t.Helper()
	alone := d.play(protocols, only(reassembly.ToServer), whole)
	d.searchSecrets(t, alone)
	for name, cut := range d.cuts() {
		d.compareRuns(t, "client alone, "+name, alone, d.play(protocols, only(reassembly.ToServer), cut))
	}
	if d.alone == "skip" {
		return
	}
	alone, _ = loginsOf(alone)
	wants := d.client
	if len(wants) == 0 {
		for i := range d.steps {
			for _, w := range d.steps[i].wants {
				if w.fields["nosecret"] != "true" { // told by its reply only
					wants = append(wants, w.unsettled())
				}
			}
		}
	}
	for i := range max(len(alone), len(wants)) {
		switch {
		case i >= len(alone):
			t.Errorf("the client's side alone: missing: %s", wants[i].text)
		case i >= len(wants):
			t.Errorf("the client's side alone: unexpected: %s", describe(&alone[i].Observation))
		default:
			for _, miss := range wants[i].misses(&alone[i].Observation) {
				t.Errorf("the client's side alone: %s: %s", wants[i].text, miss)
			}
		}
	}
}

// compareLines holds observations against expectations, in order, each on the
// line of its secret or of its decision.
func (d *Dialogue) compareLines(t *testing.T, got []seen) {
	t.Helper()
	d.searchSecrets(t, got)
	for i := range d.steps {
		s := &d.steps[i]
		for _, w := range s.wants {
			if len(got) == 0 {
				t.Errorf("line %d: missing: %s", s.line, w.text)
				continue
			}
			o := &got[0]
			got = got[1:]
			for _, miss := range w.misses(&o.Observation) {
				t.Errorf("line %d: %s: %s", s.line, w.text, miss)
			}
			if o.secretLine != s.line && o.decidedLine != s.line {
				t.Errorf("line %d: %s: the secret is on line %d, the decision on line %d", s.line, w.text, o.secretLine, o.decidedLine)
			}
		}
	}
	for i := range got {
		t.Errorf("unexpected: %s (secret on line %d, decision on line %d)", describe(&got[i].Observation), got[i].secretLine, got[i].decidedLine)
	}
}

// compareRuns asks two replays to have given the same.
func (d *Dialogue) compareRuns(t *testing.T, name string, want, got []seen) {
	t.Helper()
	d.searchSecrets(t, got)
	for i := range max(len(want), len(got)) {
		var a, b string
		if i < len(want) {
			a = describe(&want[i].Observation)
		}
		if i < len(got) {
			b = describe(&got[i].Observation)
		}
		if a != b {
			t.Errorf("%s: observation %d is\n%s, whole it is\n%s", name, i+1, b, a)
			return
		}
	}
}

// describe is all of an observation that does not depend on how bytes were cut.
func describe(o *detectors.Observation) string {
	if o.Kind > detectors.Conflict {
		return fmt.Sprintf("%s: %s sides %d gap %t proxy %v seq %d", o.Protocol, Fact(o), o.Sides, o.Gap, o.Proxy, o.Mark.Seq)
	}
	return fmt.Sprintf("%v %s %+v number %d %s %q sides %d gap %t ambiguous %t proxy %v seq %d",
		o.Kind, o.Protocol, o.Attempt, o.Number, o.Result, o.Reply, o.Sides, o.Gap, o.Ambiguous, o.Proxy, o.Mark.Seq)
}

// cutter cuts a step's bytes, and says whether to join it to the step after.
type cutter func(p []byte) [][]byte

func whole(p []byte) [][]byte { return [][]byte{p} }

func single(p []byte) [][]byte {
	out := make([][]byte, len(p))
	for i := range p {
		out[i] = p[i : i+1]
	}
	return out
}

func random(seed int64, most int) cutter {
	rng := rand.New(rand.NewPCG(uint64(seed), 0)) // #nosec G404 -- must be repeatable
	return func(p []byte) (out [][]byte) {
		for len(p) > 0 {
			n := min(1+rng.IntN(most), len(p))
			out = append(out, p[:n])
			p = p[n:]
		}
		return out
	}
}

// cuts are the manners of cutting.
func (d *Dialogue) cuts() map[string]cutter {
	all := map[string]cutter{"in bursts": nil, "byte by byte": single}
	for seed := int64(1); seed <= 8; seed++ {
		all[fmt.Sprintf("cut at random, seed %d", seed)] = random(seed, 4<<(seed%4))
	}
	return all
}

// visible says whether the capture has a direction.
func (d *Dialogue) visible(dir reassembly.Dir) bool { return !d.only[dir.Other()] }

func only(dir reassembly.Dir) func(reassembly.Dir) bool {
	return func(d reassembly.Dir) bool { return d == dir }
}

// play replays the dialogue. A nil cutter joins neighbouring steps of one side.
func (d *Dialogue) play(protocols []*detectors.Protocol, visible func(reassembly.Dir) bool, cut cutter) []seen {
	return d.replay(newRig(protocols), visible, cut).out
}

// replay is play on an engine that may have been used before.
func (d *Dialogue) replay(g *rig, visible func(reassembly.Dir) bool, cut cutter) *replay {
	r := newReplay(d, g)
	for i := 0; i < len(d.steps); i++ {
		s := &d.steps[i]
		if s.kind != data {
			if s.kind != gap && s.kind != conflict || visible(s.dir) {
				r.do(s)
			}
			continue
		}
		p := r.pack(s.dir, s.bytes)
		for cut == nil && i+1 < len(d.steps) && d.steps[i+1].kind == data && d.steps[i+1].dir == s.dir {
			i++
			p = append(p[:len(p):len(p)], r.pack(s.dir, d.steps[i].bytes)...)
		}
		if !visible(s.dir) {
			continue
		}
		pieces := [][]byte{p}
		if cut != nil {
			pieces = cut(p)
		}
		for _, piece := range pieces {
			r.push(s.dir, s.line, piece)
		}
	}
	r.close()
	r.finish()
	return r
}
