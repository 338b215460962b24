package sasl

import (
	"strings"
	"testing"

	"cleartap/detectors"
)

// dialogues are usual exchanges, with the names they leave behind: a string each.
var dialogues = []struct {
	name  string
	mech  string
	steps []string
	names float64
}{
	{"plain", "PLAIN", []string{b64("\x00alice\x00" + canary)}, 1},
	{"login", "LOGIN", []string{"S:VXNlcm5hbWU6", b64("alice"), "S:UGFzc3dvcmQ6", b64(canary)}, 1},
	{"cram", "CRAM-MD5", []string{"S:" + b64("<1@h>"), b64("alice " + digest)}, 1},
	{"digest", "DIGEST-MD5", []string{b64(`username="alice",realm="r",response=` + digest)}, 2},
	{"scram", "SCRAM-SHA-256", []string{b64("n,,n=alice,r=x"), "S:" + b64("r=x,s=y,i=4096"), b64("c=biws,r=x,p=" + canary)}, 1},
	{"ntlm", "NTLM", []string{b64(string(ntlm3{nt: v2(), user: utf16le("alice"), domain: utf16le("D2"), flags: 1}.bytes()))}, 2},
	{"xoauth2", "XOAUTH2", []string{b64("user=alice\x01auth=Bearer " + strings.Repeat(canary, 100) + "\x01\x01")}, 1},
	{"unknown", "X-NEW", []string{b64(canary)}, 0},
	{"external", "EXTERNAL", []string{"="}, 0},
}

// wire is an exchange as bytes, so that replaying it allocates nothing itself.
type wire struct {
	mech  []byte
	steps [][]byte
}

func onWire(mech string, steps []string) wire {
	w := wire{mech: []byte(mech)}
	for _, s := range steps {
		w.steps = append(w.steps, []byte(s))
	}
	return w
}

func (w wire) play(x *Exchange) detectors.Attempt {
	x.Start(w.mech)
	for _, s := range w.steps {
		if len(s) > 2 && s[0] == 'S' && s[1] == ':' {
			x.Server(s[2:])
		} else {
			x.Client(s)
		}
	}
	return x.Attempt(detectors.Auth)
}

func TestAllocations(t *testing.T) {
	for _, c := range dialogues {
		t.Run(c.name, func(t *testing.T) {
			var x Exchange
			w := onWire(c.mech, c.steps)
			w.play(&x) // the scratch buffer grows once
			if n := testing.AllocsPerRun(100, func() { w.play(&x) }); n > c.names {
				t.Errorf("%v allocations, want %v at most", n, c.names)
			}
		})
	}
}

// TestScratchBound shows that a huge response is read within the cap, and that its buffer is given back.
func TestScratchBound(t *testing.T) {
	var x Exchange
	huge := b64("\x00alice\x00" + strings.Repeat(canary, 1<<16))
	replay(&x, "PLAIN", huge)
	if a := x.Attempt(detectors.Auth); !x.Sent() || a.Identity != "alice" {
		t.Errorf("got %+v", a)
	}
	if cap(x.scratch) > keepLimit {
		t.Errorf("%d bytes are kept", cap(x.scratch))
	}
	if out, _, _ := x.decode([]byte(huge)); len(out) > inputLimit {
		t.Errorf("%d bytes were decoded", len(out))
	}
}

func BenchmarkExchange(b *testing.B) {
	for _, c := range dialogues {
		b.Run(c.name, func(b *testing.B) {
			var x Exchange
			w := onWire(c.mech, c.steps)
			b.ReportAllocs()
			for b.Loop() {
				w.play(&x)
			}
		})
	}
}
