package syslog

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format/formattest"
)

// receiver takes messages as a receiver would, with frames read strictly.
type receiver struct {
	l    net.Listener
	addr string

	mu    sync.Mutex
	got   []string
	fault error
	conns []net.Conn
	lazy  int // connections that are closed after so many messages; 0: none
}

func (r *receiver) messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// wait waits until n messages have come.
func (r *receiver) wait(t *testing.T, n int) []string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got := r.messages(); len(got) >= n {
			return got
		}
	}
	t.Fatalf("%d messages came, not %d (%v)", len(r.messages()), n, r.fault)
	return nil
}

// listen opens a receiver for streams. cfg may be nil.
func listen(t *testing.T, network, addr string, cfg *tls.Config, framing Framing) *receiver {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	if cfg != nil {
		l = tls.NewListener(l, cfg)
	}
	r := &receiver{l: l, addr: l.Addr().String()}
	t.Cleanup(r.stop)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			go r.serve(c, framing)
		}
	}()
	return r
}

func (r *receiver) stop() {
	_ = r.l.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
}

func (r *receiver) serve(c net.Conn, framing Framing) {
	defer c.Close()
	in := bufio.NewReader(c)
	for n := 1; ; n++ {
		m, err := frame(in, framing)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.mu.Lock()
				r.fault = err
				r.mu.Unlock()
			}
			return
		}
		r.mu.Lock()
		r.got = append(r.got, m)
		over := r.lazy > 0 && n >= r.lazy
		r.mu.Unlock()
		if over {
			return
		}
	}
}

// frame reads one message, strictly.
func frame(in *bufio.Reader, framing Framing) (string, error) {
	if framing == Lines {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		return line[:len(line)-1], nil
	}
	head, err := in.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(head[:len(head)-1])
	if err != nil || head[0] == '0' {
		return "", fmt.Errorf("a frame begins with %q", head)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(in, b)
	return string(b), err
}

// records makes n records with ids that begin with prefix.
func records(prefix string, n int) []output.Record {
	var all []output.Record
	for i := range n {
		a := formattest.Sample()
		a.Event.ID = fmt.Sprintf("%s%06d", prefix, i)
		all = append(all, output.NewRecord(&a))
	}
	return all
}
