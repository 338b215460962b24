package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"cleartap/output/transport"
)

// link is a connection to a receiver. One goroutine at a time uses it.
type link interface {
	// write writes messages, each framed for the transport.
	write(ctx context.Context, messages [][]byte) error
	// settle waits until the other kernel has all that was written, as far as can
	// be known.
	settle(ctx context.Context) error
	// broken gives why nothing can be written any more, nil while all is well.
	broken() error
	// left is when the receiver took its leave in order: until then it read. Zero if
	// it did not.
	left() time.Time
	// finish says that no more comes, and waits until the receiver has read all.
	finish(ctx context.Context) error
	close()
}

// errNotRead says that the other kernel did not confirm what was written.
var errNotRead = errors.New("not confirmed")

// errDismissed says that the receiver ended a connection when it had seen our
// certificate, or that there is none.
var errDismissed = errors.New("dismissed")

// stream is a link over TCP, TLS or a stream socket. Receivers say nothing; a
// goroutine reads all the same, to see at once when they go.
type stream struct {
	conn    net.Conn // what is written to
	raw     net.Conn // below TLS the connection itself
	frame   func(dst, message []byte) []byte
	timeout time.Duration
	gone    chan struct{} // closed when the other end went
	err     error         // why; to be read after gone, as at
	at      time.Time     // when it went
	onBreak func()
}

func newStream(conn, raw net.Conn, f Framing, timeout time.Duration, onBreak func()) *stream {
	s := &stream{conn: conn, raw: raw, frame: frameOctets, timeout: timeout, gone: make(chan struct{}), onBreak: onBreak}
	if f == Lines {
		s.frame = frameLine
	}
	go s.watch()
	return s
}

func (s *stream) watch() {
	_, err := io.Copy(io.Discard, s.conn)
	if err == nil {
		err = io.EOF
	}
	s.err, s.at = err, time.Now()
	close(s.gone)
	s.onBreak()
}

// left implements link. Without a word of TLS it is still the end of a stream, not
// a reset.
func (s *stream) left() time.Time {
	if err := s.broken(); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.at
	}
	return time.Time{}
}

// frameOctets counts (RFC 6587 section 3.4.1).
func frameOctets(dst, message []byte) []byte {
	dst = appendInt(dst, len(message))
	dst = append(dst, ' ')
	return append(dst, message...)
}

// frameLine ends with a line end (RFC 6587 section 3.4.2). No message holds one.
func frameLine(dst, message []byte) []byte {
	return append(append(dst, message...), '\n')
}

// chunk is about how much is written at a time, in bytes.
const chunk = 64 << 10

func (s *stream) write(ctx context.Context, messages [][]byte) error {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetWriteDeadline(time.Unix(1, 0)) }) // the write fails, and tells
	defer stop()
	var buf []byte
	for i, m := range messages {
		buf = s.frame(buf, m)
		if len(buf) < chunk && i+1 < len(messages) {
			continue
		}
		if err := s.broken(); err != nil {
			return err
		}
		if err := s.conn.SetWriteDeadline(deadline(ctx, s.timeout)); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := s.conn.Write(buf); err != nil {
			if gone := s.broken(); gone != nil {
				return gone // it says more: a TLS alert, for one
			}
			return err
		}
		buf = buf[:0]
	}
	return nil
}

func deadline(ctx context.Context, d time.Duration) time.Time {
	t := time.Now().Add(d)
	if end, ok := ctx.Deadline(); ok && end.Before(t) {
		return end
	}
	return t
}

func (s *stream) settle(ctx context.Context) error {
	end := deadline(ctx, s.timeout)
	for wait := 200 * time.Microsecond; ; wait = min(2*wait, 20*time.Millisecond) {
		if err := s.broken(); err != nil {
			return err
		}
		if unconfirmed(s.raw) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return errNotRead
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.gone:
		case <-time.After(wait):
		}
	}
}

func (s *stream) broken() error {
	select {
	case <-s.gone:
		return s.err
	default:
		return nil
	}
}

func (s *stream) finish(ctx context.Context) error {
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	if err := half.CloseWrite(); err != nil {
		return err
	}
	select {
	case <-s.gone:
	case <-ctx.Done():
		return errNotRead
	}
	if errors.Is(s.err, io.EOF) {
		return nil // it has read all, and closed its end
	}
	return s.err
}

func (s *stream) close() { _ = s.conn.Close() } // what was not confirmed is not done

// accepted waits until a server of TLS 1.3 had the time to refuse the client's
// certificate, which it does after the handshake.
func (s *stream) accepted(c *tls.Conn, t *tickets) error {
	if c.ConnectionState().Version < tls.VersionTLS13 {
		return nil
	}
	select {
	case <-s.gone:
		if transport.RefusedByAlert(s.err) {
			return s.err
		}
		return errDismissed
	case <-t.came:
	case <-time.After(300 * time.Millisecond): // many servers send no tickets
	}
	return nil
}
