//go:build linux

package deliverytest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// canary is what every password of these tests holds.
const canary = "Canary-5ecret%&"

// hidden are the forms in which a password might stand in what is written.
func hidden() []string {
	forms := []string{canary, fmt.Sprintf("%x", canary)}
	for skip := range 3 { // wherever it begins in what was encoded
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", skip) + canary))
		forms = append(forms, text[4:len(text)-4])
	}
	return forms
}

// noSecret fails the test when a password stands in something.
func noSecret(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, form := range hidden() {
		if strings.Contains(string(text), form) {
			t.Errorf("a password is in %s", where)
		}
	}
}

// mail is an IMAP server that says yes to every login.
type mail struct{ port string }

func newMail(t *testing.T) *mail {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return &mail{port}
}

func answer(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "* OK ready\r\n")
	for lines := bufio.NewScanner(c); lines.Scan(); {
		tag, _, _ := strings.Cut(lines.Text(), " ")
		fmt.Fprintf(c, "%s OK done\r\n", tag)
	}
}

// user is the account of login number i.
func user(i int) string { return fmt.Sprintf("u%06d@example.org", i) }

// login logs in as user i, from one of many addresses: one alone runs out of ports.
func (m *mail) login(i int) error {
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(i>>7), byte(1+i&127))}
	c, err := (&net.Dialer{LocalAddr: from, Timeout: 20 * time.Second}).Dial("tcp", "127.0.0.1:"+m.port)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	for _, line := range []string{"", "a1 LOGIN " + user(i) + " \"" + canary + "\"\r\n"} {
		if _, err := fmt.Fprint(c, line); err != nil {
			return err
		}
		if _, err := in.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

// traffic is logins that go on.
type traffic struct {
	mail  *mail
	next  atomic.Int64
	stop  chan struct{}
	gone  sync.WaitGroup
	mu    sync.Mutex
	spans []span // of login number i
	fault error
}

// span is when a login began and when its reply was there.
type span struct{ begun, ended time.Time }

// flow logs in perSecond times a second until it is stopped.
func (m *mail) flow(perSecond int) *traffic {
	f := &traffic{mail: m, stop: make(chan struct{})}
	begun := time.Now()
	for range 4 {
		f.gone.Go(func() {
			for {
				i := f.next.Add(1) - 1
				due := begun.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
				select {
				case <-f.stop:
					return
				case <-time.After(time.Until(due)):
				}
				at := time.Now()
				f.note(int(i), span{at, time.Time{}}, nil)
				err := m.login(int(i))
				f.note(int(i), span{at, time.Now()}, err)
			}
		})
	}
	return f
}

func (f *traffic) note(i int, s span, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.spans) <= i {
		f.spans = append(f.spans, span{})
	}
	f.spans[i] = s
	if err != nil {
		f.fault = err
	}
}

// end stops it and gives when each login was.
func (f *traffic) end(t *testing.T) []span {
	t.Helper()
	close(f.stop)
	f.gone.Wait()
	if f.fault != nil {
		t.Fatalf("a login failed: %v", f.fault)
	}
	return f.spans
}
