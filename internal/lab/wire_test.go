//go:build linux

package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Whatever the wire does to frames, TCP carries the same bytes, and the
// recording has the marks of it.
func TestWireUnderConditions(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	sent := bytes.Repeat([]byte("abcdefghijklmnop"), 1000)
	port := uint16(3000)
	for _, c := range []struct {
		name string
		how  Conditions
		ipv6 bool
		want func([]Frame) bool
	}{
		{"nothing", Conditions{}, false, func(f []Frame) bool { return has(f, 12, 0x0800) && !has(f, 12, 0x8100) }},
		{"IPv6", Conditions{}, true, func(f []Frame) bool { return has(f, 12, 0x86dd) }},
		{"harm", Conditions{Loss: .03, Reorder: .2, Duplicate: .1, Seed: 7}, false, twice},
		{"tag", Conditions{Tags: [2][]uint16{{5}, {6}}}, false, func(f []Frame) bool { return has(f, 12, 0x8100) && has(f, 14, 5) && has(f, 14, 6) }},
		{"two tags", Conditions{Tags: [2][]uint16{{7, 8}, {7, 8}}}, true, func(f []Frame) bool { return has(f, 12, 0x88a8) && has(f, 18, 8) && has(f, 20, 0x86dd) }},
		{"fragments", Conditions{Fragment: 100}, false, func(f []Frame) bool { return has(f, 20, 0x2000) && longest(f) <= ethernet+100 }},
		{"fragments, reversed", Conditions{Fragment: 100, Reverse: true}, false, func(f []Frame) bool { return has(f, 20, 0x2000) }},
		{"IPv6 fragments", Conditions{Fragment: 200}, true, func(f []Frame) bool { return longest(f) <= ethernet+200 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			port++
			at := netip.AddrPortFrom(IPv4(OpenNode), port)
			if c.ipv6 {
				at = netip.AddrPortFrom(IPv6(OpenNode), port)
			}
			echo(t, l, at)
			l.Wire.Set(c.how)
			tape := l.Wire.Record()
			if err := exchange(l, at, sent); err != nil {
				t.Error(err)
			}
			if err := tape.Settle(50 * time.Millisecond); err != nil {
				t.Error(err)
			}
			if f := tape.Stop(); !c.want(f) {
				t.Errorf("the recording of %d frames does not show it", len(f))
			}
		})
	}
}

// exchange sends bytes to the echo and compares what comes back.
func exchange(l *Lab, at netip.AddrPort, sent []byte) error {
	c, err := l.Client.Dial(netip.AddrPort{}, at)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	go func() { _, _ = c.Write(sent) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("other bytes came back")
	}
	return nil
}

// has looks for a frame with these two bytes at an offset; a mask of 0x2000 is
// the flag of more fragments.
func has(frames []Frame, at int, want uint16) bool {
	for _, f := range frames {
		if len(f.Data) < at+2 {
			continue
		}
		got := uint16(f.Data[at])<<8 | uint16(f.Data[at+1])
		if got == want || want == 0x2000 && f.Data[12] == 8 && got&want != 0 {
			return true
		}
	}
	return false
}

// longest is the length of the longest frame that is no multicast: hosts talk
// about their groups now and then.
func longest(frames []Frame) int {
	n := 0
	for _, f := range frames {
		if f.Data[0]&1 == 0 {
			n = max(n, len(f.Data))
		}
	}
	return n
}

// twice says whether a data frame was recorded twice.
func twice(frames []Frame) bool {
	seen := map[string]bool{}
	for _, f := range frames {
		if len(f.Data) > 100 && seen[string(f.Data)] {
			return true
		}
		seen[string(f.Data)] = true
	}
	return false
}

// about says whether a frame is TCP over IPv4 from or to a port: hosts ask for each
// other's addresses at any time.
func about(frame []byte, port uint16) bool {
	const ip, ports = 14, 34
	if len(frame) < ports+4 || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP || frame[ip+9] != unix.IPPROTO_TCP {
		return false
	}
	return binary.BigEndian.Uint16(frame[ports:]) == port || binary.BigEndian.Uint16(frame[ports+2:]) == port
}

// The sensor's interface sees what crosses the wire, or one direction of it.
func TestMirror(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	for i, oneWay := range []bool{false, true} {
		at := netip.AddrPortFrom(IPv4(OpenNode), uint16(3100+i))
		echo(t, l, at)
		l.Wire.Set(Conditions{OneWay: oneWay})
		fd := -1
		if err := l.Sensor.Do(func() (err error) { fd, err = packetSocket("eth0"); return err }); err != nil {
			t.Fatal(err)
		}
		tape := l.Wire.Record()
		if err := exchange(l, at, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := tape.Settle(50 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, f := range tape.Stop() {
			if (!oneWay || f.Dir == ToServer) && about(f.Data, at.Port()) {
				want++
			}
		}
		got, buf := 0, make([]byte, 2000)
		for {
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if err != nil {
				break
			}
			if about(buf[:n], at.Port()) {
				got++
			}
		}
		unix.Close(fd)
		if got != want || want == 0 {
			t.Errorf("one way %v: the mirror saw %d frames of %d", oneWay, got, want)
		}
	}
}

func TestMTU(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	if err := l.MTU(200); err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(IPv4(OpenNode), 3200)
	echo(t, l, at)
	tape := l.Wire.Record()
	if err := exchange(l, at, bytes.Repeat([]byte("x"), 3000)); err != nil {
		t.Fatal(err)
	}
	if n := longest(tape.Stop()); n > ethernet+200 || n < ethernet+150 {
		t.Errorf("the longest frame has %d bytes", n)
	}
}
