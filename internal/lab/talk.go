//go:build linux

package lab

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Talk is a client that says what the test wants said, to the byte. After the
// first failure all its calls do nothing; Close tells the failure.
type Talk struct {
	Heard []string // every line that the server sent, without its line end

	conn net.Conn
	in   *bufio.Reader
	err  error
}

// Talk connects from the client host to a server.
func (l *Lab) Talk(to netip.AddrPort) *Talk { return l.TalkFrom(netip.AddrPort{}, to) }

// TalkFrom is Talk with a local address and port of the caller's choice; a zero
// port is any port.
func (l *Lab) TalkFrom(local, to netip.AddrPort) *Talk {
	conn, err := l.Client.Dial(local, to)
	if err != nil {
		return &Talk{err: err}
	}
	return &Talk{conn: conn, in: bufio.NewReader(conn)}
}

// Local is the client's address and port.
func (t *Talk) Local() netip.AddrPort {
	if t.conn == nil {
		return netip.AddrPort{}
	}
	return t.conn.LocalAddr().(*net.TCPAddr).AddrPort()
}

// Say sends lines, all in one write, each with CRLF behind it.
func (t *Talk) Say(lines ...string) { t.Send(strings.Join(lines, "\r\n") + "\r\n") }

// Send sends these bytes.
func (t *Talk) Send(raw string) {
	if t.err != nil {
		return
	}
	if err := t.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.err = err
		return
	}
	_, t.err = t.conn.Write([]byte(raw))
}

// Type sends these bytes one by one, as a person would with telnet.
func (t *Talk) Type(raw string) {
	for i := range len(raw) {
		t.Send(raw[i : i+1])
		time.Sleep(2 * time.Millisecond)
	}
}

// Wait reads lines up to one that begins with any of these and gives it.
func (t *Talk) Wait(beginnings ...string) string {
	return t.wait(strings.HasPrefix, beginnings)
}

// WaitLine reads lines up to one that is this, without its line end.
func (t *Talk) WaitLine(line string) {
	t.wait(func(a, b string) bool { return a == b }, []string{line})
}

func (t *Talk) wait(match func(line, want string) bool, wants []string) string {
	for t.err == nil {
		if t.err = t.conn.SetReadDeadline(time.Now().Add(15 * time.Second)); t.err != nil {
			return ""
		}
		line, err := t.in.ReadString('\n')
		if err != nil {
			t.err = fmt.Errorf("waiting for %q: %w", wants, err)
			return ""
		}
		line = strings.TrimRight(line, "\r\n")
		t.Heard = append(t.Heard, line)
		for _, w := range wants {
			if match(line, w) {
				return line
			}
		}
	}
	return ""
}

// Conn gives the connection, for a TLS or library client to go on with. What
// the server sent already has been read.
func (t *Talk) Conn() (net.Conn, error) { return t.conn, t.err }

// Close ends the connection and tells the first failure.
func (t *Talk) Close() error {
	if t.conn != nil {
		t.err = errors.Join(t.err, t.conn.Close())
	}
	return t.err
}
