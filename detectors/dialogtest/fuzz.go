package dialogtest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"cleartap/detectors"
	"cleartap/internal/fuzzing"
	"cleartap/reassembly"
)

// Seeds adds the dialogues of testdata to a fuzz target that reads dialogues as Fuzz does.
func Seeds(f *testing.F) {
	f.Helper()
	names, _ := filepath.Glob("testdata/*.txt")
	if len(names) == 0 {
		return
	}
	for _, d := range Load(f, "testdata/*.txt") {
		f.Add(d.Script())
	}
}

// Fuzz makes random dialogues of the dialogues in testdata. Whatever the bytes:
// no session fails, cutting changes nothing, nothing is held in the end, and no
// field holds what its list does not have.
func Fuzz(f *testing.F, protocols ...*detectors.Protocol) {
	f.Helper()
	Seeds(f)
	fuzzing.Begin()
	g := newRig(protocols)
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > maxScript {
			return
		}
		d := scripted(script)
		prefaces := g.engine.Stats().Prefaces
		want := d.replay(g, d.visible, whole)
		for i := range want.out {
			closed(t, &want.out[i].Observation)
		}
		// One other manner of cutting for each script: over millions of them all get their turn.
		name, cut := "in bursts", cutter(nil)
		switch crc32.ChecksumIEEE(script) % 3 {
		case 0:
			name, cut = "byte by byte", single
		case 1:
			name, cut = "cut at random", random(int64(len(script)), 24)
		}
		got := d.replay(g, d.visible, cut)
		if sameFlow(want, got, g.engine.Stats().Prefaces > prefaces) {
			d.compareRuns(t, name, want.out, got.out)
		}
	})
}

// sameFlow reports whether both replays took the flow for the same, as far as they tell.
// What the first bytes of a flow, or those behind a preface, are taken for, and who is
// the server where no handshake tells, may depend on how many there are when the
// question is asked; of garbage that is nobody's fault. FuzzClassify asks it.
func sameFlow(a, b *replay, preface bool) bool {
	switch {
	case a.opened != b.opened || a.swap != b.swap:
		return false
	case len(a.out) == 0 || len(b.out) == 0: // behind a preface, it may have been taken for nothing
		return !preface || len(a.out) == len(b.out)
	}
	return a.out[0].Protocol == b.out[0].Protocol
}

// maxScript bounds a script, in bytes: long enough for the caps on lines to be reached.
const maxScript = 20 << 10

// scripted reads a dialogue from a fuzz target's bytes: lines that begin with
// the side (C or S), and how the line ends (a blank: CR LF, '-': LF, '=': not
// at all, '?': a gap of as many bytes). A line that begins with M, W or P makes
// the flow begun in the middle, swapped, or off the protocol's port.
func scripted(script []byte) *Dialogue {
	d := &Dialogue{Name: "fuzz"}
	for _, line := range bytes.Split(script, []byte("\n")) {
		if len(line) < 2 {
			continue
		}
		switch line[0] {
		case 'M':
			d.mid = true
			continue
		case 'W':
			d.swapped = true
			continue
		case 'P':
			d.port = 31337
			continue
		}
		s := Step{kind: data, dir: reassembly.Dir(line[0] >> 4 & 1), bytes: bytes.Clone(line[2:])}
		switch line[1] {
		case '=':
		case '-':
			s.bytes = append(s.bytes, '\n')
		case '?':
			s.kind, s.n = gap, len(s.bytes)
		default:
			s.bytes = append(s.bytes, '\r', '\n')
		}
		if s.kind == gap || len(s.bytes) > 0 {
			d.steps = append(d.steps, s)
		}
	}
	d.settleFirstLine()
	return d
}

// settleFirstLine takes the backspaces out of the client's first line: what they
// take back may have decided already what the flow is, or not, as it was cut.
func (d *Dialogue) settleFirstLine() {
	for i := range d.steps {
		s := &d.steps[i]
		if s.dir != reassembly.ToServer {
			continue
		}
		end := bytes.IndexByte(s.bytes, '\n')
		if end < 0 {
			end = len(s.bytes)
		}
		for j, b := range s.bytes[:end] {
			if b == '\b' || b == 0x7f {
				s.bytes[j] = '.'
			}
		}
		if end < len(s.bytes) {
			return
		}
	}
}

// Script is the dialogue as Fuzz reads it, to seed a fuzz target.
func (d *Dialogue) Script() []byte {
	var out []byte
	if d.mid {
		out = append(out, "M.\n"...)
	}
	if d.swapped {
		out = append(out, "W.\n"...)
	}
	if d.port != 0 {
		out = append(out, "P.\n"...)
	}
	for i := range d.steps {
		s := &d.steps[i]
		side := "CS"[s.dir]
		switch s.kind {
		case gap:
			out = append(append(out, side, '?'), bytes.Repeat([]byte("x"), min(s.n, 100))...)
			out = append(out, '\n')
		case data:
			parts := bytes.SplitAfter(s.bytes, []byte("\n"))
			for _, p := range parts {
				if len(p) > 0 {
					out = append(out, encodeLine(side, p)...)
				}
			}
		}
	}
	return out
}

func encodeLine(side byte, p []byte) []byte {
	out := []byte{side}
	switch {
	case bytes.HasSuffix(p, []byte("\r\n")):
		out = append(append(out, ' '), p[:len(p)-2]...)
	case bytes.HasSuffix(p, []byte("\n")):
		out = append(append(out, '-'), p[:len(p)-1]...)
	default:
		out = append(append(out, '='), p...)
	}
	return append(out, '\n')
}

// closed checks that the fields of closed lists hold what could be in them, and
// that names are clean.
func closed(t *testing.T, o *detectors.Observation) {
	t.Helper()
	for _, s := range []string{string(o.Attempt.Mechanism), string(o.Attempt.Command), string(o.Attempt.Class),
		string(o.Result), o.Protocol} {
		if len(s) > 40 || !printable(s) {
			t.Errorf("a field of a closed list holds wire text")
		}
	}
	if s := o.Server; s != nil && (len(s.Text) > 128 || !printable(s.Text) || len(s.Version) > 24 || !printable(s.Version) || !printable(s.Host)) {
		t.Errorf("a greeting is not clean")
	}
	if x := o.Oddity; x != nil && (len(x.Host) > 253 || !printable(x.Host)) {
		t.Errorf("a host is not clean")
	}
	if x := o.TLS; x != nil && (len(x.SNI) > 253 || !printable(x.SNI+x.ALPN+x.JA4+x.SuiteName)) {
		t.Errorf("a TLS fact is not clean")
	}
	if len(o.Reply) > 40 || !printable(string(o.Reply)) {
		t.Errorf("a reply holds wire text")
	}
	for _, s := range []string{o.Attempt.Identity, o.Attempt.Authzid, o.Attempt.Realm} {
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > 256 || strings.ContainsAny(s, "\x00\r\n\x1b\x7f") {
			t.Errorf("a name is not clean")
		}
	}
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// finish checks what must be true after any dialogue: nothing is held, no session failed.
func (r *replay) finish() {
	if h := r.engine.Held(); h != (detectors.Held{}) {
		panic(fmt.Sprintf("after the dialogue the engine holds %+v", h))
	}
	for _, p := range r.engine.Stats().Protocols {
		if p.Panics > 0 {
			panic("a session of " + p.Name + " panicked")
		}
	}
}
