package kernelfilter

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"cleartap/capture"
	"cleartap/internal/fuzzing"
)

// compiled lets tcpdump translate an expression, as users do.
func compiled(t *testing.T, expr string) []bpf.RawInstruction {
	t.Helper()
	out, err := exec.Command("tcpdump", "-ddd", "-y", "EN10MB", expr).Output()
	if err != nil {
		t.Fatalf("tcpdump, which make setup installs, does not translate %s: %v", expr, err)
	}
	p, err := ParseCompiled(string(out))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// frame is a bare TCP frame between two addresses and ports.
func frame(src, dst byte, sport, dport uint16) []byte {
	f := make([]byte, 54)
	f[12], f[13] = 8, 0
	ip := f[14:]
	ip[0], ip[3], ip[8], ip[9] = 0x45, 40, 64, 6
	copy(ip[12:], []byte{10, 0, 0, src, 10, 0, 0, dst})
	ip[20], ip[21], ip[22], ip[23] = byte(sport>>8), byte(sport), byte(dport>>8), byte(dport)
	ip[32] = 0x50
	return f
}

func TestAndPassesWhatBothPass(t *testing.T) {
	ports, err := capture.ParsePorts("25,110")
	if err != nil {
		t.Fatal(err)
	}
	own, err := Program(Config{Ports: ports, SnapLen: 2000})
	if err != nil {
		t.Fatal(err)
	}
	for _, expr := range []string{"host 10.0.0.1", "not port 25", "src host 10.0.0.2 or port 110", "tcp[13] = 0 and not (host 10.0.0.3 or port 143)", "less 20", "greater 20"} {
		user := compiled(t, expr)
		both, err := And(user, own)
		if err != nil {
			t.Fatal(err)
		}
		a, b, c := matcher(t, user), matcher(t, own), matcher(t, both)
		for src := byte(1); src < 4; src++ {
			for _, port := range []uint16{25, 110, 143, 4000} {
				f := frame(src, 4-src, 40000, port)
				if got, want := c.Match(f, len(f)), a.Match(f, len(f)) && b.Match(f, len(f)); got != want {
					t.Errorf("%s: %d to port %d: %t, want %t", expr, src, port, got, want)
				}
			}
		}
		if n, err := c.vm.Run(frame(1, 3, 40000, 110)); err != nil || n != 0 && n != 2000 {
			t.Errorf("%s: %d bytes are kept, want our length", expr, n)
		}
	}
}

func matcher(t *testing.T, p []bpf.RawInstruction) *Matcher {
	t.Helper()
	m, err := NewMatcher(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The length of a frame is that on the wire, whatever a snap length left of it.
func TestLengthOnTheWire(t *testing.T) {
	f := frame(1, 2, 40000, 110)
	for expr, want := range map[string]bool{"greater 1000": true, "less 999": false, "len = 1000": true, "port 110 and greater 1001": false, "port 110": true} {
		if got := matcher(t, compiled(t, expr)).Match(f, 1000); got != want {
			t.Errorf("%s: %t", expr, got)
		}
		if got := matcher(t, compiled(t, expr)).Match(f, len(f)); got != (expr == "port 110" || expr == "less 999") {
			t.Errorf("%s, whole: %t", expr, got)
		}
	}
}

func TestWhatIsNoCompiledFilter(t *testing.T) {
	for text, want := range map[string]string{
		"": "not whole", "x": "line 1", "0": "line 1", "5000": "line 1", "2\n6 0 0 1\n": "1 instructions of 2", "1\n6 0 0 1\n6 0 0 1\n": "more instructions",
		"1\n6 0 0\n": "line 2: want four numbers", "1\n6 0 0 -1\n": "line 2", "2\n21 9 9 5\n6 0 0 1\n": "no filter", "1\n40 0 0 12\n": "no filter",
	} {
		if _, err := ParseCompiled(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := And([]bpf.RawInstruction{{Op: 0x16}}, nil); err == nil || !strings.Contains(err.Error(), "computed length") {
		t.Errorf("ret a: %v", err)
	}
	if _, err := And(make([]bpf.RawInstruction, 4000), make([]bpf.RawInstruction, 100)); err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("too long: %v", err)
	}
}

func FuzzParseCompiled(f *testing.F) {
	f.Add("2\n40 0 0 12\n6 0 0 65535\n")
	f.Add("1\n6 0 0 0")
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseCompiled(text)
		if err != nil {
			return
		}
		m, err := NewMatcher(p)
		if err != nil {
			t.Fatal(err)
		}
		m.Match(frame(1, 2, 3, 4), 4)
		if both, err := And(p, []bpf.RawInstruction{{Op: 6, K: 1}}); err == nil && len(both) != len(p)+1 {
			t.Fatal(fmt.Sprint(both))
		}
	})
}
