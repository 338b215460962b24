package reassembly

import (
	"testing"

	"cleartap/capture"
)

// Many small segments ahead of the line must not make its bytes "missing".
func TestFloodAheadOfTheLine(t *testing.T) {
	for _, n := range []int{63, 64, 65, 1000} {
		w := newWire(t)
		w.handshake()
		w.s("* OK\r\n")
		w.send(ToServer, ack, w.cs, w.ss, "")
		w.send(ToClient, ack, w.ss, w.cs, "")
		for i := range n {
			w.send(ToServer, ack, w.cs+100+3*uint32(i), w.ss, "J")
		}
		w.c("a LOGIN b c\r\n")
		w.s("a OK\r\n")
		w.want("S * OK\r\n", "C a LOGIN b c\r\n", "S a OK\r\n")
		if s := w.a.Stats(); s.Shed != uint64(max(0, n-64)) || s.Gaps != 0 {
			t.Errorf("%d ahead: %d shed, %d gaps", n, s.Shed, s.Gaps)
		}
	}
}

// Of what is held, the farthest goes: what is near can still be delivered.
func TestFarthestIsShed(t *testing.T) {
	w := newWire(t, func(c *Config) { c.HoldSegments = 2 })
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToServer, ack, w.cs+3, w.ss, "d")
	w.send(ToServer, ack, w.cs+2, w.ss, "c")
	w.send(ToServer, ack, w.cs+1, w.ss, "b")
	w.send(ToServer, ack, w.cs, w.ss, "a")
	w.want("S +OK\r\n", "C a", "C b", "C c")
	w.send(ToServer, ack, w.cs+3, w.ss, "d")
	w.want("S +OK\r\n", "C a", "C b", "C c", "C d")
}

// The receiver has what is missing: the capture lost it, and nothing comes again.
func TestHoleThatWasAcknowledgedIsGivenUp(t *testing.T) {
	w := newWire(t, func(c *Config) { c.HoldSegments = 2 })
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToServer, ack, w.cs+4, w.ss, "a")
	w.send(ToServer, ack, w.cs+5, w.ss, "b")
	w.send(ToClient, ack, w.ss, w.cs+6, "")
	w.send(ToServer, ack, w.cs+6, w.ss, "c")
	w.want("S +OK\r\n", "C gap 4", "C a", "C b", "C c")
}

// No TCP takes payload or a FIN without ACK.
func TestPayloadWithoutACK(t *testing.T) {
	for _, greeted := range []bool{true, false} {
		w := newWire(t)
		w.handshake()
		want := []string{"C a LOGIN b c\r\n"}
		if greeted {
			w.s("* OK\r\n")
			want = append([]string{"S * OK\r\n"}, want...)
		}
		w.send(ToServer, 0, w.cs, 0, "a NOOP 12345\r\n")
		w.send(ToServer, capture.FIN, w.cs, 0, "")
		w.c("a LOGIN b c\r\n")
		w.want(want...)
		if n := w.a.Stats().NoACK; n != 2 {
			t.Errorf("greeted %v: %d refused", greeted, n)
		}
	}
}

func TestPayloadWithoutACKBeginsNoFlow(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, 0, w.cs, 0, "PASS x\r\n")
	w.wait(250 * ms)
	if s := w.a.Stats(); s.Flows != 0 || s.NoACK != 1 {
		t.Errorf("%d flows, %d refused", s.Flows, s.NoACK)
	}
}

// No TCP takes payload that acknowledges what it never sent.
func TestPayloadWithFutureACK(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("* OK\r\n")
	w.send(ToServer, ack, w.cs, w.ss+50_000_000, "a NOOP 12345\r\n")
	w.send(ToServer, ack, w.cs, w.ss+50_000_000, "")
	w.c("a LOGIN b c\r\n")
	w.want("S * OK\r\n", "C a LOGIN b c\r\n")
	if n := w.a.Stats().FarACK; n != 1 {
		t.Errorf("%d refused", n)
	}
}

// What acknowledgements say is no reason to refuse where the other side is not
// in the capture, or was lost on the way.
func TestFutureACKIsBelieved(t *testing.T) {
	t.Run("one direction", func(t *testing.T) {
		w := newWire(t)
		w.send(ToServer, syn, w.cs, 0, "")
		w.cs++
		for i := range uint32(3) {
			w.send(ToServer, ack, w.cs, w.ss+i*50_000_000, "x")
			w.cs++
		}
		w.want("C x", "C x", "C x")
	})
	t.Run("forged SYN-ACK", func(t *testing.T) {
		w := newWire(t)
		w.send(ToServer, syn, w.cs, 0, "")
		w.send(ToClient, synAck, w.ss-70_000_000, w.cs+1, "")
		w.cs++
		w.c("x")
		w.c("y")
		w.want("C x", "C y")
	})
	t.Run("lost", func(t *testing.T) {
		w := newWire(t)
		w.handshake()
		w.s("+OK\r\n")
		w.ss += 50_000_000
		for range believeAcks {
			w.c("x")
		}
		w.c("y")
		w.wait(20_000 * ms)
		if got := string(w.data[0][ToServer]); got != "y" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("moved by forged replies", func(t *testing.T) {
		w := newWire(t)
		w.handshake()
		w.s("+OK\r\n")
		w.c("USER a\r\n")
		w.send(ToClient, ack, w.ss-70_000_000, w.cs, "x")
		w.send(ToClient, ack, w.ss-70_000_000+1, w.cs, "x")
		w.c("PASS b\r\n")
		if got := string(w.data[0][ToServer]); got != "USER a\r\nPASS b\r\n" {
			t.Errorf("got %q", got)
		}
	})
}

// A forged reply and the server's own, at the same numbers: the first counts, the other is told.
func TestConflictInAReply(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("* OK\r\n")
	w.c("a LOGIN b c\r\n")
	w.send(ToClient, ack, w.ss, w.cs, "a NO x\r\n")
	w.s("a OK i\r\n")
	w.s("* BYE\r\n")
	w.want("S * OK\r\n", "C a LOGIN b c\r\n", "S a NO x\r\n", "S conflict 5009", "S * BYE\r\n")
}

// RFC 9293, section 3.5, and the split handshake: the client is who was first.
func TestSimultaneousOpen(t *testing.T) {
	for _, split := range []bool{false, true} {
		w := newWire(t)
		w.send(ToServer, syn, w.cs, 0, "")
		w.send(ToClient, syn, w.ss, 0, "")
		w.send(ToServer, synAck, w.cs, w.ss+1, "")
		if !split {
			w.send(ToClient, synAck, w.ss, w.cs+1, "")
		}
		w.cs, w.ss = w.cs+1, w.ss+1
		w.send(ToClient, ack, w.ss, w.cs, "")
		w.s("* OK\r\n")
		w.c("a LOGIN b c\r\n")
		w.s("a OK\r\n")
		w.want("S * OK\r\n", "C a LOGIN b c\r\n", "S a OK\r\n")
	}
}

// A whole handshake forged inside a flow does not end it.
func TestForgedHandshakeInsideFlow(t *testing.T) {
	for n := 2; n <= 3; n++ {
		w := newWire(t)
		w.handshake()
		w.s("* OK\r\n")
		w.send(ToServer, syn, w.cs+5_000_000, 0, "")
		w.send(ToClient, synAck, w.ss+900_000, w.cs+5_000_001, "")
		if n == 3 {
			w.send(ToServer, ack, w.cs+5_000_001, w.ss+900_001, "")
		}
		w.c("a LOGIN b c\r\n")
		w.s("a OK\r\n")
		w.want("S * OK\r\n", "C a LOGIN b c\r\n", "S a OK\r\n")
	}
}

// The client speaks first in the flow that takes the ends over, and frames of its handshake come twice.
func TestTupleReuseClientFirst(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("* OK\r\n")
	w.cs, w.ss = 5_000_000, 9_000_000
	w.send(ToServer, syn, w.cs, 0, "")
	w.send(ToClient, synAck, w.ss, w.cs+1, "")
	w.handshake()
	w.c("hello")
	w.s("you")
	w.want("S * OK\r\n", "close", "2: C hello", "2: S you")
	if w.flows[1].Midstream {
		t.Error("the handshake was seen")
	}
}

// Forged FINs of both sides: the flow goes on at their numbers.
func TestForgedFINsOfBothSides(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("* OK\r\n")
	w.send(ToServer, fin, w.cs, w.ss, "")
	w.send(ToClient, fin, w.ss, w.cs+1, "")
	w.send(ToServer, ack, w.cs+1, w.ss+1, "")
	w.c("a LOGIN b c\r\n")
	w.s("a OK\r\n")
	w.want("S * OK\r\n", "close", "2: C a LOGIN b c\r\n", "2: S a OK\r\n")
	if !w.flows[1].Midstream || w.flows[1].Client != w.flows[0].Client {
		t.Errorf("%+v", w.flows[1])
	}
}
