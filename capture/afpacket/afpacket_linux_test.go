package afpacket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"cleartap/capture"
	"cleartap/capture/kernelfilter"
)

// ownNetwork moves the test's thread into a network namespace of its own, with
// loopback up. The thread is never used again, so that the namespace goes with it.
func ownNetwork(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace of its own without root: %v", err)
	}
	ip(t, "link", "set", "lo", "up")
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func mailFilter(t *testing.T) []bpf.RawInstruction {
	t.Helper()
	f, err := kernelfilter.Program(kernelfilter.Config{Ports: capture.MailPorts()})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// talk sends p over TCP to port of loopback and waits until it arrived.
func talk(t *testing.T, address string, p []byte) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := c.Write(p); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(s, make([]byte, len(p))); err != nil {
		t.Fatal(err)
	}
}

// drain reads until the source has been idle twice, and gives all payloads of TCP to the port.
func drain(t *testing.T, s *Source, port uint16) (frames int, payload []byte) {
	t.Helper()
	d := capture.NewDecoder(capture.DecoderConfig{})
	var f capture.Frame
	var seg capture.Segment
	for quiet := 0; quiet < 2; {
		switch err := s.Next(&f); {
		case errors.Is(err, ErrIdle):
			quiet++
		case err != nil:
			t.Fatal(err)
		default:
			frames++
			if f.Number != uint64(frames) {
				t.Fatalf("frame %d has number %d", frames, f.Number)
			}
			if d.Decode(&f, &seg) && seg.Dst.Port == port {
				payload = append(payload, seg.Payload...)
			}
		}
	}
	return frames, payload
}

func TestFramesOfAnInterface(t *testing.T) {
	ownNetwork(t)
	s, err := Open(Config{Interfaces: []string{"lo"}, Ring: MinRing, Promiscuous: true})
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("a line of many\r\n"), 1000)
	talk(t, "127.0.0.1:2000", want)
	frames, got := drain(t, s, 2000)
	// Loopback shows every frame twice, once for each direction.
	if len(got) < len(want) || frames < 8 {
		t.Errorf("%d frames, %d of %d bytes", frames, len(got), len(want))
	}
	if st := s.Stats(); st.Packets != uint64(frames) || st.Drops != 0 {
		t.Errorf("the kernel counted %+v, %d frames came", st, frames)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Next(&capture.Frame{}); !errors.Is(err, io.EOF) {
		t.Errorf("after Close: %v", err)
	}
}

func TestTheFilterIsSetBeforeTheFirstFrame(t *testing.T) {
	ownNetwork(t)
	s, err := Open(Config{Interfaces: []string{"lo"}, Ring: MinRing, Filter: mailFilter(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	talk(t, "127.0.0.1:2000", []byte("not mail"))
	talk(t, "127.0.0.1:110", []byte("USER alice\r\n"))
	frames, got := drain(t, s, 110)
	if !strings.Contains(string(got), "USER alice") {
		t.Errorf("mail did not pass: %d frames", frames)
	}
	if _, other := drain(t, s, 2000); len(other) != 0 {
		t.Error("frames of another port passed")
	}
}

func TestTheInterfaceVanishesAndReturns(t *testing.T) {
	ownNetwork(t)
	ip(t, "link", "add", "ct0", "type", "veth", "peer", "name", "ct1")
	ip(t, "link", "set", "ct0", "up")
	ip(t, "link", "set", "ct1", "up")
	var events []Event
	s, err := Open(Config{Interfaces: []string{"ct0"}, Ring: MinRing, Event: func(e Event) { events = append(events, e) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	drain(t, s, 1)
	ip(t, "link", "del", "ct0")
	until(t, s, func() bool { return len(events) == 1 && !events[0].Up && events[0].Err != nil })
	ip(t, "link", "add", "ct0", "type", "veth", "peer", "name", "ct1")
	ip(t, "addr", "add", "192.0.2.1/24", "dev", "ct0")
	ip(t, "link", "set", "ct1", "up")
	ip(t, "link", "set", "ct0", "up")
	until(t, s, func() bool { return len(events) == 2 && events[1].Up && events[1].Away > 0 })
	var f capture.Frame
	send := func() bool { // an ARP request leaves through ct0
		c, err := net.Dial("udp", "192.0.2.9:9")
		if err != nil {
			return false
		}
		defer c.Close()
		c.Write([]byte("x"))
		return s.Next(&f) == nil
	}
	until(t, s, send)
	if s.Stats().Gaps != 1 {
		t.Errorf("%d gaps counted", s.Stats().Gaps)
	}
}

// until calls Next until ok, for ten seconds at most.
func until(t *testing.T, s *Source, ok func() bool) {
	t.Helper()
	var f capture.Frame
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if ok() {
			return
		}
		if err := s.Next(&f); err != nil && !errors.Is(err, ErrIdle) {
			t.Fatal(err)
		}
	}
	t.Fatal("it did not come to pass within ten seconds")
}

func TestWhatCannotBeOpened(t *testing.T) {
	if _, err := Open(Config{Interfaces: []string{"ct-none"}}); err == nil || !strings.Contains(err.Error(), "ct-none") {
		t.Errorf("an interface that is not there: %v", err)
	}
	if _, err := Open(Config{}); err == nil {
		t.Error("no interface: no error")
	}
	if _, err := Open(Config{Interfaces: []string{"lo"}, Ring: 1}); err == nil || !strings.Contains(err.Error(), "ring") {
		t.Errorf("a ring of one byte: %v", err)
	}
}
