package syslog

import (
	"context"
	"net"
	"time"
)

// datagrams is a link over UDP or a datagram socket: a message is a datagram. Over
// UDP nobody tells what became of it; that nobody listens may be heard.
type datagrams struct {
	conn    net.Conn
	timeout time.Duration
	every   time.Duration // between two messages; 0: as fast as the receiver takes them
	next    time.Time
	err     error
}

// burst is how many datagrams go at once; buffers of receivers hold more.
const burst = 32

func (d *datagrams) write(ctx context.Context, messages [][]byte) error {
	if d.err != nil {
		return d.err
	}
	if err := d.conn.SetWriteDeadline(deadline(ctx, time.Duration(len(messages))*d.every+d.timeout)); err != nil {
		return err
	}
	for i, m := range messages {
		if d.every > 0 && i%burst == 0 {
			if err := d.pace(ctx, min(burst, len(messages)-i)); err != nil {
				return err
			}
		}
		if _, err := d.conn.Write(m); err != nil {
			d.err = err
			return err
		}
	}
	return nil
}

// pace waits until n messages may go.
func (d *datagrams) pace(ctx context.Context, n int) error {
	now := time.Now()
	if d.next.Before(now) {
		d.next = now
	}
	wait := d.next.Sub(now)
	d.next = d.next.Add(time.Duration(n) * d.every)
	if wait <= 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// settle hears whether a host said that nobody listens.
func (d *datagrams) settle(context.Context) error {
	if d.every > 0 { // UDP
		time.Sleep(time.Millisecond) // a host near by has said so by now
	}
	if err := pending(d.conn); err != nil {
		d.err = err
	}
	return d.err
}

func (d *datagrams) broken() error {
	if d.err == nil {
		d.err = pending(d.conn)
	}
	return d.err
}

func (d *datagrams) left() time.Time { return time.Time{} }

func (d *datagrams) finish(ctx context.Context) error { return d.settle(ctx) }

func (d *datagrams) close() { _ = d.conn.Close() } // nothing is buffered
