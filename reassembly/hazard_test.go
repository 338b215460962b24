package reassembly

import (
	"testing"

	"cleartap/capture"
)

const (
	syn    = capture.SYN
	synAck = capture.SYN | capture.ACK
	fin    = capture.FIN | capture.ACK
	rst    = capture.RST
)

// everyByte is nasty case 8: every byte its own segment, reordered and duplicated.
func TestEveryByteItsOwnSegment(t *testing.T) {
	w := newWire(t)
	w.handshake()
	line := "PASS S3c r3t\r\n"
	for _, i := range []int{1, 0, 1, 3, 2, 5, 4, 4, 7, 6, 9, 8, 13, 12, 11, 10, 0, 13} {
		w.send(ToServer, ack, w.cs+uint32(i), w.ss, line[i:i+1])
	}
	if got := string(w.data[0][ToServer]); got != line {
		t.Errorf("got %q", got)
	}
	w.check()
}

func TestDirectionBySYNACKFirst(t *testing.T) {
	w := newWire(t)
	w.server.Port, w.client.Port = 50000, 25 // ports mislead
	w.send(ToClient, synAck, w.ss, w.cs+1, "")
	w.ss++
	w.cs++
	w.s("220 x\r\n")
	w.c("EHLO\r\n")
	w.want("S 220 x\r\n", "C EHLO\r\n")
	if w.flows[0].Server.Port() != 50000 {
		t.Error("the one who answers is the server")
	}
}

func TestClientPortIsMailPort(t *testing.T) {
	mail := func(p uint16) bool { return p == 110 || p == 2525 }
	w := newWire(t, func(c *Config) { c.MailPort = mail })
	w.client.Port = 2525
	w.handshake()
	w.s("+OK\r\n")
	w.c("USER\r\n")
	w.want("S +OK\r\n", "C USER\r\n")
}

func TestMidstreamDirection(t *testing.T) {
	mail := func(p uint16) bool { return p == 110 || p == 2525 }
	for _, c := range []struct {
		client, server uint16
		first          Dir
		want           string
	}{
		{40000, 110, ToServer, "C"}, {40000, 110, ToClient, "S"}, // the port tells
		{40000, 50000, ToServer, "C"}, {40000, 50000, ToClient, "C"}, // who sends first
		{2525, 110, ToServer, "C"}, {2525, 110, ToClient, "C"},
	} {
		w := newWire(t, func(c *Config) { c.MailPort = mail })
		w.client.Port, w.server.Port = c.client, c.server
		w.send(c.first, ack, 100, 200, "x")
		w.wait(250 * ms)
		w.want(c.want + " x")
		if !w.flows[0].Midstream {
			t.Error("flow is not said to be without handshake")
		}
	}
}

func TestSwap(t *testing.T) {
	w := newWire(t, func(c *Config) {
		c.Classify = func(p *Probe) Verdict {
			if p.Sure {
				t.Error("nothing is sure of a flow without handshake")
			}
			if string(p.ToServer) == "220 x\r\n" {
				return Swap
			}
			return Wait
		}
	})
	w.send(ToClient, ack, w.ss, w.cs, "220 x\r\n")
	w.ss += 7
	w.wait(250 * ms)
	w.c("EHLO\r\n")
	w.want("S 220 x\r\n", "C EHLO\r\n")
	if w.flows[0].Client.Port() != 40000 || w.probes[0] != `"" "220 x\r\n"` {
		t.Errorf("%+v, probe %s", w.flows[0], w.probes[0])
	}
}

// Nasty case 37.
func TestMidstreamFirstSegmentsSwapped(t *testing.T) {
	w := newWire(t)
	w.cs = 0xfffffff8
	w.send(ToServer, ack, w.cs+4, w.ss, " secret\r\n") // wraps
	w.send(ToServer, ack, w.cs, w.ss, "PASS")
	w.wait(250 * ms)
	w.send(ToServer, ack, w.cs+13, w.ss, "STAT\r\n")
	if got := string(w.data[0][ToServer]); got != "PASS secret\r\nSTAT\r\n" {
		t.Errorf("got %q", got)
	}
	w.check()
}

func TestMidstreamThreeSegmentsEndTheWait(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, ack, 103, 1, "b")
	w.send(ToServer, ack, 102, 1, "a")
	w.want()
	w.send(ToServer, ack, 104, 1, "c")
	w.want("C a", "C b", "C c")
}

func TestLateSYNACKTellsDirection(t *testing.T) {
	w := newWire(t)
	w.send(ToClient, ack, 5001, 1001, "+OK\r\n") // the mirror has them out of order
	w.send(ToServer, syn, 1000, 0, "")
	w.send(ToClient, synAck, 5000, 1001, "")
	w.want("S +OK\r\n")
	if w.flows[0].Midstream {
		t.Error("the handshake was seen")
	}
}

// Nasty case 38, first: a blind RST with an old or a guessed number.
func TestBlindRST(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.c("USER a\r\n")
	w.send(ToServer, rst, w.cs-3, 0, "")
	w.send(ToServer, rst, w.cs+1, 0, "")
	w.send(ToClient, rst, w.ss-1, 0, "")
	w.wait(5000 * ms)
	w.c("PASS b\r\n")
	w.want("S +OK\r\n", "C USER a\r\n", "C PASS b\r\n")
	if n := w.a.Stats().RSTIgnored; n != 3 {
		t.Errorf("%d RST ignored", n)
	}
}

func TestRST(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToServer, rst, w.cs, 0, "")
	w.wait(1000 * ms)
	w.s("in flight")
	w.wait(1500 * ms)
	w.want("S +OK\r\n", "S in flight", "close")
	w.s("late")
	w.want("S +OK\r\n", "S in flight", "close")
}

func TestRSTAtWhatTheOtherSideAcknowledged(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToClient, ack, w.ss, w.cs+8, "") // a command that the capture lost
	w.send(ToServer, rst, w.cs+8, 0, "")
	w.wait(2500 * ms)
	w.want("S +OK\r\n", "close")
}

func TestForgedRSTAtTheRightNumber(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("USER a\r\n")
	w.send(ToServer, rst, w.cs, 0, "")
	w.wait(100 * ms)
	w.c("PASS b\r\n") // its sender goes on
	w.wait(5000 * ms)
	w.c("STAT\r\n")
	w.want("C USER a\r\n", "C PASS b\r\n", "C STAT\r\n")
}

// Nasty case 38, second.
func TestOldFIN(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("USER a\r\n")
	w.send(ToServer, fin, w.cs-4, w.ss, "")
	w.send(ToServer, fin, w.cs+100, w.ss, "") // ahead: waited for, until data go beyond it
	w.c("PASS b\r\n")
	w.c(string(make([]byte, 200)))
	w.c("STAT\r\n")
	if got := len(w.data[0][ToServer]); got != 8+8+200+6 {
		t.Errorf("%d bytes", got)
	}
	if n := w.a.Stats().FINIgnored; n != 2 {
		t.Errorf("%d FIN ignored", n)
	}
}

func TestFINWaitsForTheGap(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.send(ToServer, fin, w.cs+8, w.ss, "QUIT\r\n")
	w.send(ToClient, fin, w.ss, w.cs, "")
	w.want()
	w.send(ToServer, ack, w.cs, w.ss, "PASS b\r\n")
	w.want("C PASS b\r\n", "C QUIT\r\n", "close")
}

func TestFINAfterALoss(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.send(ToServer, fin, w.cs+8, w.ss, "")
	w.send(ToClient, fin, w.ss, w.cs+9, "")
	w.wait(300 * ms)
	w.want("C a", "C gap 8", "close")
}

func TestLateACKMakesNoGhost(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.fin()
	w.send(ToClient, fin, w.ss-1, w.cs, "")
	w.send(ToServer, ack, w.cs-2, w.ss, "a") // retransmission after the end
	w.send(ToServer, ack, w.cs, w.ss, "")
	w.want("C a", "close")
	w.wait(60_000 * ms)
	w.send(ToServer, ack, w.cs, w.ss, "")
	w.send(ToServer, fin, w.cs, w.ss, "")
	w.send(ToServer, rst, w.cs, w.ss, "")
	w.send(ToServer, ack, w.cs-1, w.ss, "\x00")
	w.want("C a", "close")
	if s := w.a.Stats(); s.Live != 0 || s.Flows != 1 {
		t.Errorf("%d flows live of %d", s.Live, s.Flows)
	}
}

// Nasty case 38, third: SYN and eight bytes of junk.
func TestDataOnSYNIgnored(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, syn, 1000, 0, "junkjunk")
	w.send(ToClient, synAck, 5000, 1001, "")
	w.cs, w.ss = 1001, 5001
	w.send(ToServer, ack, w.cs, w.ss, "")
	w.c("USER a\r\n")
	w.want("C USER a\r\n")
}

func TestFastOpen(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, syn, 1000, 0, "USER a\r\n")
	w.send(ToClient, synAck, 5000, 1009, "")
	w.want("C USER a\r\n")
	w.cs, w.ss = 1009, 5001
	w.s("+OK\r\n")
	w.want("C USER a\r\n", "S +OK\r\n")
}

func TestFastOpenOneSided(t *testing.T) {
	for _, c := range []struct {
		next uint32
		want []string
	}{
		{1009, []string{"C USER a\r\n", "C PASS b\r\n"}},
		{1001, []string{"C PASS b\r\n"}},
	} {
		w := newWire(t)
		w.send(ToServer, syn, 1000, 0, "USER a\r\n")
		w.send(ToServer, ack, c.next, 5001, "PASS b\r\n")
		w.want(c.want...)
	}
}

func TestSpoofedSYNWithJunkInsideFlow(t *testing.T) {
	for _, mid := range []bool{false, true} {
		w := newWire(t)
		if mid {
			w.c("noop\r\n")
			w.s("+OK\r\n")
			w.wait(250 * ms)
		} else {
			w.handshake()
			w.s("+OK\r\n")
			w.c("noop\r\n")
		}
		before := len(w.log)
		w.send(ToServer, syn, 777_000_000, 0, "junkjunk")
		w.send(ToServer, ack, 777_000_009, w.ss, "junk")
		w.send(ToClient, ack, w.ss, w.cs, "") // the host's challenge ACK
		w.c("PASS b\r\n")
		w.s("+OK\r\n")
		if got := w.log[before:]; len(got) != 2 || got[0] != "C PASS b\r\n" || len(w.flows) != 1 {
			t.Errorf("midstream %v: %q", mid, got)
		}
		w.check()
	}
}

func TestSpoofedSYNBeforeMidstream(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, syn, 777_000_000, 0, "junkjunk")
	w.c("PASS b\r\n")
	w.wait(250 * ms)
	w.want("C PASS b\r\n")
}

func TestSpoofedSYNBeforeHandshakeEnds(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, syn, 1000, 0, "")
	w.send(ToServer, syn, 777_000_000, 0, "")
	w.send(ToClient, synAck, 5000, 1001, "")
	w.cs, w.ss = 1001, 5001
	w.s("+OK\r\n")
	w.c("PASS b\r\n")
	w.want("S +OK\r\n", "C PASS b\r\n")
}

// Nasty case 38, fourth: the same ends again with a lower number, without a close.
func TestTupleReuse(t *testing.T) {
	for _, isn := range []uint32{100, 4_000_000_000, 1000 + 70_000} {
		w := newWire(t)
		w.handshake()
		w.s("+OK 1\r\n")
		w.c("USER a\r\n")
		w.cs, w.ss = isn, isn+12345
		w.handshake()
		w.s("+OK 2\r\n")
		w.c("PASS b\r\n")
		w.want("S +OK 1\r\n", "C USER a\r\n", "close", "2: S +OK 2\r\n", "2: C PASS b\r\n")
		if n := w.a.Stats().Reused; n != 1 {
			t.Errorf("%d reused", n)
		}
	}
}

func TestTupleReuseAfterClose(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.fin()
	w.cs, w.ss = 500, 600
	w.handshake()
	w.c("b")
	w.want("C a", "close", "2: C b")
}

func TestTupleReuseAfterRSTOfServer(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.send(ToClient, rst, w.ss, 0, "")
	w.cs, w.ss = 500, 600
	w.handshake()
	w.c("b")
	w.want("C a", "close", "2: C b")
}

func TestTupleReuseOneSided(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, syn, 1000, 0, "")
	w.send(ToServer, ack, 1001, 7, "a")
	w.send(ToServer, syn, 500_000, 0, "")
	w.send(ToServer, ack, 500_001, 9, "b")
	w.want("C a", "close", "2: C b")

	w = newWire(t) // the server's side alone
	w.send(ToClient, synAck, 5000, 1001, "")
	w.send(ToClient, ack, 5001, 1001, "a")
	w.send(ToClient, synAck, 900_000, 2001, "")
	w.send(ToClient, ack, 900_001, 2001, "b")
	w.want("S a", "close", "2: S b")
}

func TestTupleReuseWhenBypassed(t *testing.T) {
	w := newWire(t)
	w.stopAt = "stop"
	w.handshake()
	w.c("stop")
	w.send(ToServer, syn, 1000, 0, "")          // an old duplicate
	w.send(ToClient, synAck, 5000, 1001, "")    // and its answer
	w.send(ToServer, syn, 3_000_000_000, 0, "") // forged: nobody answers
	w.c("more")
	if s := w.a.Stats(); s.Flows != 1 {
		t.Fatalf("%d flows", s.Flows)
	}
	w.cs, w.ss = 2_000_000, 3_000_000
	w.handshake()
	w.c("b")
	w.want("C stop", "2: C b")
}

// The same after both FINs, when the capture lacks the new SYN.
func TestTupleReuseAfterCloseWhenBypassed(t *testing.T) {
	w := newWire(t)
	w.stopAt = "stop"
	w.handshake()
	w.c("stop")
	w.fin()
	w.send(ToClient, synAck, 5000, 1001, "") // an old duplicate
	if s := w.a.Stats(); s.Flows != 1 {
		t.Fatalf("%d flows", s.Flows)
	}
	w.cs, w.ss = 2_000_001, 3_000_001
	w.send(ToClient, synAck, 3_000_000, 2_000_001, "")
	w.c("b")
	w.want("C stop", "2: C b")
}

func TestTupleReuseWhenUndecided(t *testing.T) {
	w := newWire(t, func(c *Config) {
		c.Classify = func(p *Probe) Verdict {
			if len(p.ToClient) > 0 || p.Final {
				return Open
			}
			return Wait
		}
	})
	w.handshake()
	w.c("a")
	w.cs, w.ss = 2_000_000, 3_000_000
	w.handshake()
	w.s("b")
	w.want("C a", "close", "2: S b")
}

func TestRetransmittedSYN(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, syn, 1000, 0, "")
	w.handshake()
	w.send(ToClient, synAck, 5000, 1001, "")
	w.c("a")
	w.send(ToServer, syn, 1000, 0, "")
	w.send(ToClient, synAck, 5000, 1001, "")
	w.c("b")
	w.want("C a", "C b")
}

// Nasty case 35.
func TestVLANAndDuplicates(t *testing.T) {
	w := newWire(t)
	w.record = true
	w.handshake()
	w.s("+OK\r\n")
	w.c("PASS b\r\n")
	w.fin()
	for _, s := range w.segments {
		s.VLAN = 10
		if s.Src == w.server {
			s.VLAN = 20
		}
		w.push(s)
		s.TTL--
		w.push(s) // the other side of the router
	}
	w.want("S +OK\r\n", "C PASS b\r\n", "close")
	if w.flows[0].VLAN != 10 {
		t.Errorf("VLAN is %d", w.flows[0].VLAN)
	}
}

// Nasty case 36.
func TestHalves(t *testing.T) {
	for d, want := range [][]string{
		{"C USER a\r\n", "C PASS S3c r3t \r\n", "close"},
		{"S +OK\r\n", "S +OK\r\n", "S +OK\r\n", "close"},
	} {
		w := newWire(t)
		w.record = true
		w.handshake()
		w.s("+OK\r\n")
		w.c("USER a\r\n")
		w.s("+OK\r\n")
		w.c("PASS S3c r3t \r\n")
		w.s("+OK\r\n")
		w.fin()
		for _, s := range w.segments {
			if (s.Src == w.client) == (Dir(d) == ToServer) {
				w.push(s)
			}
		}
		w.wait(2500 * ms) // the end of the only direction seen
		w.want(want...)
		if s := w.a.Stats(); s.OneSided != 1 {
			t.Errorf("%d flows of one side", s.OneSided)
		}
	}
}

// Nasty case 39: what offloading makes of segments.
func TestGiantSegments(t *testing.T) {
	w := newWire(t)
	w.handshake()
	giant := make([]byte, 150_000)
	w.c("a")
	w.send(ToServer, ack, w.cs+150_000, w.ss, "PASS b\r\n")
	w.c(string(giant))
	if got := w.data[0][ToServer]; len(got) != 150_009 || string(got[150_001:]) != "PASS b\r\n" {
		t.Errorf("%d bytes", len(got))
	}
}

func TestTimeGoesBack(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.now -= 90 * 24 * 3600 * 1000 * ms // merged with an older capture
	w.c("b")
	w.send(ToServer, ack, w.cs+1, w.ss, "d")
	for range 300 {
		w.send(ToClient, ack, w.ss, w.cs, "")
	}
	w.wait(20_000 * ms)
	w.want("C a", "C b", "C gap 1", "C d")
	if n := w.a.Stats().ClockSteps; n != 1 {
		t.Errorf("%d steps of the clock", n)
	}
}

func TestTimeLeaps(t *testing.T) {
	w := newWire(t)
	for i := range 3000 {
		w.client.Port = uint16(10000 + i)
		w.cs, w.ss = 1000, 5000
		w.handshake()
		w.c("a")
	}
	w.now += 90 * 24 * 3600 * 1000 * ms
	before := w.a.Stats().Live
	for range 100 {
		w.c("x")
	}
	s := w.a.Stats()
	if before-s.Live > 400 || s.MostWork > 200 {
		t.Errorf("%d flows forgotten at once, work %d", before-s.Live, s.MostWork)
	}
	w.check()
}

func TestOneWrongStampMovesNothing(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.send(ToServer, ack, w.cs+1, w.ss, "c")
	now := w.now
	w.now += 10 * 365 * 24 * 3600 * 1000 * ms
	w.send(ToClient, ack, w.ss, w.cs, "")
	w.now = now
	w.c("b")
	w.want("C a", "C b", "C c")
}

func TestIdle(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	for range 29 { // IMAP IDLE
		w.wait(60_000 * ms)
	}
	w.c("b")
	w.want("C a", "C b")
	w.wait(31 * 60_000 * ms)
	w.want("C a", "C b", "close")
	if n := w.a.Stats().Live; n != 0 {
		t.Errorf("%d flows live", n)
	}
}

func TestIdleIsTheFlowsOwn(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.now += 31 * 60_000 * ms // nobody looked at it in between
	w.c("b")
	w.wait(250 * ms)
	w.want("C a", "close", "2: C b")
}

func TestSelfConnection(t *testing.T) {
	w := newWire(t)
	w.server = w.client
	w.handshake()
	w.c("a")
	w.s("b")
	w.fin()
	w.a.Flush()
	w.check()
}

func TestOddFlags(t *testing.T) {
	w := newWire(t)
	for f := range capture.Flags(64) {
		w.client.Port++
		w.send(ToServer, f, 1, 1, "")
	}
	if s := w.a.Stats(); s.Live != 8 { // SYN without FIN or RST
		t.Errorf("%d flows", s.Live)
	}
	w.check()
}

func TestPortScan(t *testing.T) {
	w := newWire(t)
	for range 1000 {
		w.client.Port++
		w.send(ToServer, syn, 1, 0, "")
		w.send(ToClient, rst|ack, 0, 2, "")
	}
	if s := w.a.Stats(); s.Live != 0 || s.Memory > 1<<20 {
		t.Errorf("%d flows, %d bytes", s.Live, s.Memory)
	}
}

func TestForgedEndOfBypassedFlow(t *testing.T) {
	w := newWire(t, func(c *Config) { c.Classify = always(Drop) })
	w.handshake()
	w.c("a")
	w.send(ToServer, rst, 77, 0, "")
	w.c("in flight")
	w.wait(2_000 * ms)
	w.c("it goes on")
	for range 60 {
		w.wait(1_000 * ms)
	}
	w.c("and on")
	if s := w.a.Stats(); s.Flows != 1 || s.Live != 1 {
		t.Errorf("%+v", s)
	}
	w.check()
}

func TestOnlyTheLastFlowsAreRememberedWhenOver(t *testing.T) {
	w := newWire(t)
	for range lateFlows + 500 {
		w.client.Port++
		w.handshake()
		w.c("a")
		w.fin()
		w.now -= 6 * ms
	}
	if s := w.a.Stats(); s.Live != lateFlows {
		t.Errorf("%d flows", s.Live)
	}
	w.check()
	w.wait(25_000 * ms)
	w.wait(0)
	if s := w.a.Stats(); s.Live != 0 {
		t.Errorf("%d flows", s.Live)
	}
	w.check()
}
