package reassembly

import (
	"reflect"
	"strings"
	"testing"

	"cleartap/capture"
)

// asked notes what Classify was shown.
type asked struct {
	w    *wire
	seen []string
	give []Verdict // in turn; then Wait
}

func (q *asked) classify(p *Probe) Verdict {
	text := string(p.ToServer) + "/" + string(p.ToClient)
	if p.Final {
		text += " final"
	}
	if !p.Sure {
		text += " unsure"
	}
	q.seen = append(q.seen, text)
	if len(q.give) == 0 {
		return Wait
	}
	v := q.give[0]
	q.give = q.give[1:]
	return v
}

func newAsked(t *testing.T, give ...Verdict) *asked {
	q := &asked{give: give}
	q.w = newWire(t, func(c *Config) { c.Classify, c.ProbeBytes, c.ProbeHold = q.classify, 8, 40 })
	return q
}

func (q *asked) want(lines ...string) {
	q.w.t.Helper()
	if got := strings.Join(q.seen, " | "); got != strings.Join(lines, " | ") {
		q.w.t.Errorf("asked %s\nwant  %s", got, strings.Join(lines, " | "))
	}
}

func TestClassifyIsAskedAsBytesCome(t *testing.T) {
	q := newAsked(t, Wait, Wait, Open)
	q.w.handshake()
	q.w.s("220 ")
	q.w.s("hello there")
	q.w.c("EHLO")
	q.w.c(" x")
	q.want("/220 ", "/220 hell", "EHLO/220 hell")
	q.w.want("S 220 ", "S hello there", "C EHLO", "C  x")
}

func TestDropNeedsOneLookUp(t *testing.T) {
	q := newAsked(t, Drop)
	q.w.handshake()
	q.w.c("GET /")
	q.w.c("more")
	q.w.s("reply")
	q.want("GET //")
	q.w.want()
	if s := q.w.a.Stats(); s.Bypassed != 2 || s.Dropped != 1 || s.Live != 1 || s.Held != 0 {
		t.Errorf("%+v", s)
	}
	q.w.fin()
	q.w.wait(25_000 * ms)
	if s := q.w.a.Stats(); s.Live != 0 {
		t.Error("the flow is over")
	}
}

func TestBothProbesFullIsFinal(t *testing.T) {
	q := newAsked(t)
	q.w.handshake()
	q.w.s("220-a long greeting") // one full side is not all: the client may tell
	q.w.c("EHLO example")
	q.w.c("x")
	q.want("/220-a lo", "EHLO exa/220-a lo final")
	if s := q.w.a.Stats(); s.Dropped != 1 {
		t.Error("Wait means Drop when nothing more will be shown")
	}
	q.w.want()
}

func TestTooMuchToHoldIsFinal(t *testing.T) {
	q := newAsked(t, Wait, Open)
	q.w.handshake()
	q.w.c(strings.Repeat("a", 30))
	q.w.c(strings.Repeat("b", 11))
	q.want("aaaaaaaa/", "aaaaaaaa/ final")
	q.w.want("C "+strings.Repeat("a", 30), "C "+strings.Repeat("b", 11))
}

func TestFinalWhenOver(t *testing.T) {
	for name, end := range map[string]func(w *wire){
		"FIN":   (*wire).fin,
		"RST":   func(w *wire) { w.send(ToServer, rst, w.cs, 0, "") },
		"idle":  func(w *wire) { w.wait(62_000 * ms) },
		"flush": func(w *wire) { w.a.Flush() },
		"reuse": func(w *wire) { w.cs, w.ss = 1<<30, 1<<29; w.handshake() },
	} {
		q := newAsked(t, Wait, Open)
		q.w.handshake()
		q.w.c("USER a")
		end(q.w)
		q.want("USER a/", "USER a/ final")
		if t.Failed() {
			t.Fatal(name)
		}
		q.w.want("C USER a", "close")
	}
}

func TestFinalWhenTheOnlySideEnds(t *testing.T) {
	q := newAsked(t, Wait, Wait, Open)
	q.w.send(ToServer, syn, 1000, 0, "")
	q.w.send(ToServer, ack, 1001, 1, "USER a")
	q.w.send(ToServer, fin, 1007, 1, "b")
	q.want("USER a/", "USER ab/", "USER ab/ final")
	q.w.want("C USER a", "C b", "close")
}

func TestOpenGivesNoStream(t *testing.T) {
	w := newWire(t, func(c *Config) { c.Open = func(*Flow, *Probe) Stream { return nil } })
	w.handshake()
	w.c("a")
	w.c("b")
	if s := w.a.Stats(); s.Bypassed != 1 || s.Opened != 0 {
		t.Errorf("%+v", s)
	}
	w.check()
}

func TestHoleBeforeDecision(t *testing.T) {
	q := newAsked(t, Open)
	q.w.handshake()
	q.w.send(ToServer, ack, q.w.cs+8, q.w.ss, "PASS b")
	q.want()
	q.w.wait(2100 * ms)
	q.want("PASS b/")
	q.w.want("C gap 8", "C PASS b")
}

func TestSnapLengthBeforeDecision(t *testing.T) {
	q := newAsked(t, Wait, Open)
	q.w.handshake()
	q.w.sendCut(ToServer, ack, q.w.cs, q.w.ss, "USER", 4)
	q.w.send(ToServer, ack, q.w.cs+8, q.w.ss, "PASS b")
	q.w.want("C USER", "C gap 4", "C PASS b")
}

func TestStreamEndsDuringReplay(t *testing.T) {
	q := newAsked(t, Wait, Wait, Open)
	q.w.stopAt = "stop"
	q.w.handshake()
	q.w.c("a")
	q.w.c("stop")
	q.w.c("b")
	q.w.c("c")
	q.w.want("C a", "C stop")
}

func TestIPv6(t *testing.T) {
	w := newWire(t)
	w.record = true
	w.handshake()
	w.s("+OK\r\n")
	w.c("USER a\r\n")
	w.fin()
	segments := w.segments
	six := func(e *capture.Endpoint, last byte) {
		e.IP = [16]byte{0x20, 1, 0xd, 0xb8, 15: last}
	}
	for _, swap := range []byte{0, 1} { // either end sorts first
		for _, s := range segments {
			client, server := &s.Src, &s.Dst
			if s.Src.Port == 110 {
				client, server = server, client
			}
			six(client, 1+swap)
			six(server, 2-swap)
			s.IPv4 = false
			w.push(s)
		}
	}
	w.want("S +OK\r\n", "C USER a\r\n", "close", "2: S +OK\r\n", "2: C USER a\r\n", "2: close")
	if got := w.flows[0].Client.String() + w.flows[0].Server.String(); got != "[2001:db8::1]:40000[2001:db8::2]:110" {
		t.Error(got)
	}
	for _, s := range segments[:5] { // IPv4, and the same addresses in an IPv6 header
		w.push(s)
		s.IPv4 = false
		w.push(s)
	}
	if n := w.a.Stats().Flows; n != 4 {
		t.Errorf("%d flows", n)
	}
	w.a.Flush()
	w.check()
}

// panics is a Stream that fails, as its owner's fault.
type panics struct{ nobody }

func (panics) Data(Dir, capture.Mark, []byte) bool { panic("test") }

func TestForget(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"stream":   func(c *Config) { c.Open = func(*Flow, *Probe) Stream { return panics{} } },
		"open":     func(c *Config) { c.Open = func(*Flow, *Probe) Stream { panic("test") } },
		"classify": func(c *Config) { c.Classify = func(*Probe) Verdict { panic("test") } },
	} {
		w := newWire(t, change)
		w.handshake()
		s := capture.Segment{Mark: capture.Mark{Time: w.now, Seq: w.cs, Ack: w.ss}, Src: w.client, Dst: w.server, IPv4: true, Flags: ack, Payload: []byte("a")}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
				w.a.Forget(&s)
			}()
			w.a.Push(&s)
		}()
		w.c("a")
		w.c("b")
		if st := w.a.Stats(); st.Bypassed != 2 || st.Open != 0 {
			t.Errorf("%s: %+v", name, st)
		}
		w.check()
		w.a.Forget(&capture.Segment{}) // of no flow
	}
}

func TestStatsAdd(t *testing.T) {
	var a, b Stats
	va, vb := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()
	for i := range vb.NumField() {
		if f := vb.Field(i); f.CanUint() {
			f.SetUint(uint64(i + 1))
		} else {
			f.SetInt(int64(i + 1))
		}
	}
	a.Add(&b)
	if a != b {
		t.Errorf("%+v", a)
	}
	a.Add(&b)
	for i := range va.NumField() {
		if f := va.Field(i); f.CanUint() && f.Uint() != 2*uint64(i+1) || f.CanInt() && f.Int() != int64(i+1) {
			t.Errorf("%s is wrong", va.Type().Field(i).Name)
		}
	}
}

func TestDirWords(t *testing.T) {
	if ToServer.String() != "to server" || ToClient.String() != "to client" || ToServer.Other() != ToClient {
		t.Error("words of a direction")
	}
}

func TestTTL(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.record = true
	w.c("b")
	s := w.segments[0]
	s.TTL = 3
	w.push(s)
	if n := w.a.Stats().OddTTL; n != 1 {
		t.Errorf("%d", n)
	}
}

// TestBlocksRunOut holds more than there is room for: the oldest undecided flows go.
func TestBlocksRunOut(t *testing.T) {
	w := newWire(t, func(c *Config) { c.Classify, c.MaxMemory = always(Wait), 1<<20 })
	for i := range 12_000 {
		w.client.Port = uint16(i)
		w.c("a line of a client\r\n")
		if i%1000 == 0 {
			w.check()
		}
	}
	s := w.a.Stats()
	if s.PeakHeld > 512<<10 || s.EvictedHeld == 0 || s.Refused > 100 || s.Memory > 1<<20 {
		t.Errorf("%+v", s)
	}
	w.check()
}
