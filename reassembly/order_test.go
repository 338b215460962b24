package reassembly

import (
	"testing"

	"cleartap/capture"
)

const ack = capture.ACK

func TestInOrder(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.c("USER a\r\n")
	w.s("+OK\r\n")
	w.fin()
	w.want("S +OK\r\n", "C USER a\r\n", "S +OK\r\n", "close")
	f := w.flows[0]
	if f.Client.String() != "10.0.0.1:40000" || f.Server.String() != "10.0.0.2:110" || f.Midstream {
		t.Errorf("flow is %+v", f)
	}
}

func TestRetransmissionWithNewTail(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("abcdef")
	w.send(ToServer, ack, w.cs-3, w.ss, "defghi")
	w.send(ToServer, ack, w.cs-6, w.ss, "abcdef")
	w.want("C abcdef", "C ghi")
}

func TestOutOfOrder(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("a")
	w.send(ToServer, ack, w.cs+4, w.ss, "fg")
	w.send(ToServer, ack, w.cs+2, w.ss, "de")
	w.send(ToServer, ack, w.cs+1, w.ss, "cdef") // overlaps what is held
	w.want("C a")
	w.send(ToServer, ack, w.cs, w.ss, "b")
	w.want("C a", "C b", "C c", "C de", "C fg")
}

func TestWrap(t *testing.T) {
	for _, start := range []uint32{0xfffffff0, 0xfffffffe, 0xffffffff, 0x7ffffff8} {
		w := newWire(t)
		w.cs = start
		w.handshake()
		base := w.cs
		w.send(ToServer, ack, base, w.ss, "abcdefgh")
		w.send(ToServer, ack, base+9, w.ss, "jklmnop")
		w.send(ToServer, ack, base+4, w.ss, "efghi")
		w.send(ToServer, ack, base+12, w.ss, "mnopqrstu")
		if got := string(w.data[0][ToServer]); got != "abcdefghijklmnopqrstu" {
			t.Errorf("from %x: %q", start, got)
		}
		w.check()
	}
}

func TestHoleBecomesGapAfterMaxWait(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToServer, ack, w.cs+7, w.ss, "PASS y\r\n")
	w.wait(1900 * ms)
	w.want("S +OK\r\n")
	w.wait(200 * ms)
	w.want("S +OK\r\n") // the server waits for the bytes as well
	w.wait(14200 * ms)
	w.want("S +OK\r\n", "C gap 7", "C PASS y\r\n")
}

func TestHoleOfOneSidedCapture(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, capture.SYN, w.cs, 0, "")
	w.cs++
	w.c("x")
	w.send(ToServer, ack, w.cs+7, w.ss, "PASS y\r\n")
	w.wait(1900 * ms)
	w.want("C x")
	w.wait(200 * ms)
	w.want("C x", "C gap 7", "C PASS y\r\n")
}

func TestAcknowledgedHoleBecomesGapSooner(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToServer, ack, w.cs+7, w.ss, "PASS y\r\n")
	w.send(ToClient, ack, w.ss, w.cs+15, "")
	w.wait(190 * ms)
	w.want("S +OK\r\n")
	w.wait(50 * ms)
	w.want("S +OK\r\n", "C gap 7", "C PASS y\r\n")
}

func TestTooManyHeld(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("x")
	for i := range uint32(65) {
		w.send(ToServer, ack, w.cs+1+2*i, w.ss, "y")
	}
	if got := len(w.data[0][ToServer]); got != 2 {
		t.Errorf("%d bytes delivered, not 2", got)
	}
	if n := w.a.Stats().Gaps; n != 1 {
		t.Errorf("%d gaps", n)
	}
	w.check()
	w.a.Flush()
	if got := len(w.data[0][ToServer]); got != 66 {
		t.Errorf("%d bytes delivered, not 66", got)
	}
	w.check()
}

func TestTooManyBytesHeld(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("x")
	big := make([]byte, 30000)
	for i := range uint32(3) {
		w.send(ToServer, ack, w.cs+1+i*30000, w.ss, string(big))
	}
	w.check()
	if got := len(w.data[0][ToServer]); got != 90001 {
		t.Errorf("%d bytes delivered, not 90001", got)
	}
}

func TestReplyBeforeCommand(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToClient, ack, w.ss, w.cs+8, "+OK b\r\n") // answers what comes next
	w.want("S +OK\r\n")
	w.c("USER a\r\n")
	w.want("S +OK\r\n", "C USER a\r\n", "S +OK b\r\n")
}

func TestReplyToLostCommand(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.s("+OK\r\n")
	w.send(ToClient, ack, w.ss, w.cs+8, "+OK b\r\n")
	w.wait(190 * ms)
	w.want("S +OK\r\n")
	w.wait(30 * ms)
	w.want("S +OK\r\n", "S +OK b\r\n")
	w.ss += 7
	w.cs += 8
	w.s("+OK c\r\n") // not waited for again
	w.want("S +OK\r\n", "S +OK b\r\n", "S +OK c\r\n")
}

func TestOneSidedNeverWaits(t *testing.T) {
	w := newWire(t)
	w.send(ToServer, capture.SYN, w.cs, 0, "")
	w.cs++
	w.c("USER a\r\n")
	w.ss += 400
	w.c("PASS b\r\n")
	w.want("C USER a\r\n", "C PASS b\r\n")
}

func TestSnapLength(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.sendCut(ToServer, ack, w.cs, w.ss, "abc", 5)
	w.cs += 8
	w.c("def")
	w.sendCut(ToServer, ack, w.cs+3, w.ss, "jk", 2) // out of order and cut
	w.send(ToServer, ack, w.cs+7, w.ss, "no")
	w.c("ghi")
	w.want("C abc", "C gap 5", "C def", "C ghi", "C jk", "C gap 2", "C no")
}

func TestConflictWithDelivered(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("PASS secret\r\n")
	w.send(ToServer, ack, w.cs-13, w.ss, "PASS secret\r\n")
	w.want("C PASS secret\r\n")
	w.send(ToServer, ack, w.cs-8, w.ss, "other!\r\n")
	w.send(ToServer, ack, w.cs-8, w.ss, "other!\r\n")
	w.want("C PASS secret\r\n", "C conflict 1006")
}

func TestConflictWithHeld(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("P")
	w.send(ToServer, ack, w.cs+3, w.ss, "def")
	w.send(ToServer, ack, w.cs+4, w.ss, "xxg")
	w.c("abc")
	w.want("C P", "C conflict 1006", "C abc", "C def", "C g")
}

func TestConflictBeforeDecision(t *testing.T) {
	w := newWire(t, func(c *Config) {
		c.Classify = func(p *Probe) Verdict {
			if len(p.ToClient) > 0 {
				return Open
			}
			return Wait
		}
	})
	w.handshake()
	w.c("abc")
	w.send(ToServer, ack, w.cs-3, w.ss, "abc")
	w.send(ToServer, ack, w.cs-3, w.ss, "aXc")
	w.want()
	w.s("+OK")
	w.want("C abc", "C conflict 1002", "S +OK")
}

func TestKeepAlive(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("abc")
	w.send(ToServer, ack, w.cs-1, w.ss, "\x00")
	w.c("def")
	w.want("C abc", "C def")
}

func TestJunkOutsideOfWindow(t *testing.T) {
	w := newWire(t)
	w.handshake()
	w.c("abc")
	w.send(ToServer, ack, w.cs+5<<20, w.ss, "junk")
	w.send(ToServer, ack, w.cs-5<<20, w.ss, "junk")
	w.c("def")
	w.want("C abc", "C def")
	w.cs += 3 << 20 // the capture lost much: what goes on twice is believed
	w.c("lost")
	w.c("ghi")
	w.want("C abc", "C def", fmtGap(3<<20+4), "C ghi")
}

func fmtGap(n int) string { return "C gap " + itoa(n) }

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
