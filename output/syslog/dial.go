package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"
)

// dial connects to the receiver. onBreak is called once, when the other end goes.
func (c *Config) dial(ctx context.Context, onBreak func()) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	switch c.Transport {
	case UDP:
		conn, err := d.DialContext(ctx, "udp", c.Address)
		if err != nil {
			return nil, err
		}
		return &datagrams{conn: conn, timeout: c.Timeout, every: time.Second / time.Duration(c.Rate)}, nil
	case Unix:
		return c.dialUnix(ctx, &d, onBreak)
	}
	d.Control = func(network, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { patient(fd, 30_000) })
	}
	raw, err := d.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, err
	}
	if c.Transport == TCP {
		return newStream(raw, raw, c.Framing, c.Timeout, onBreak), nil
	}
	s, err := c.secure(ctx, raw, onBreak)
	if err != nil {
		_ = raw.Close() // the error says enough
		return nil, err
	}
	return s, nil
}

// secure speaks TLS over a connection.
func (c *Config) secure(ctx context.Context, raw net.Conn, onBreak func()) (*stream, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	cfg, err := c.TLS.Config(host)
	if err != nil {
		return nil, err
	}
	t := &tickets{came: make(chan struct{}, 1)}
	cfg.ClientSessionCache = t
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	s := newStream(conn, raw, c.Framing, c.Timeout, onBreak)
	if err := s.accepted(conn, t); err != nil {
		return nil, err
	}
	return s, nil
}

// dialUnix connects to a local socket: of datagrams if it takes them, else of a stream.
func (c *Config) dialUnix(ctx context.Context, d *net.Dialer, onBreak func()) (link, error) {
	conn, err := d.DialContext(ctx, "unixgram", c.Address)
	if err == nil {
		return &datagrams{conn: conn, timeout: c.Timeout}, nil
	}
	if !errors.Is(err, syscall.EPROTOTYPE) {
		return nil, err
	}
	if conn, err = d.DialContext(ctx, "unix", c.Address); err != nil {
		return nil, err
	}
	return newStream(conn, conn, Lines, c.Timeout, onBreak), nil
}
