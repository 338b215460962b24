//go:build linux

package lab

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
	"time"
)

// open gives a lab of the test's own, or reports what keeps it from being made.
func open(t *testing.T) *Lab {
	t.Helper()
	if why, ok := Available(); !ok {
		t.Skip("left out: " + why)
	}
	l, err := Open(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestHostsAreNamedAndConnected(t *testing.T) {
	l := open(t)
	out, err := l.Server.Run(l.Server.Command("/bin/hostname"), 5*time.Second)
	if err != nil || out != "mail.example.org\n" {
		t.Errorf("the server host calls itself %q, %v", out, err)
	}
	for _, ip := range []netip.Addr{IPv4(OpenNode), IPv6(OpenNode)} {
		at := netip.AddrPortFrom(ip, 2525)
		ln, err := l.Server.Listen(at)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := ln.Accept()
			if err == nil {
				_, _ = io.Copy(c, c)
				c.Close()
			}
		}()
		c, err := l.Client.Dial(netip.AddrPort{}, at)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("hello"))
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, []byte("hello")) {
			t.Errorf("%v echoes %q, %v", ip, got, err)
		}
		c.Close()
		ln.Close()
	}
	if err := l.Wire.Err(); err != nil {
		t.Error(err)
	}
}
