package syslog

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
)

func TestAnEndedContextEndsASend(t *testing.T) {
	small := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	l, err := small.Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts in the kernel, never reads
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := open(t, Config{Transport: TCP, Address: l.Addr().String(), Timeout: time.Minute, Format: format.JSON, MaxSize: MaxMessage})
	a := formattest.Sample()
	a.Message = strings.Repeat("m", 60000)
	var all []output.Record
	for range 100 { // more than the kernel takes
		all = append(all, output.NewRecord(&a))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if v, err := s.Send(ctx, all); err == nil || v[0].Outcome != output.Retry {
		t.Error("sent to nobody")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	s.doubt = doubt{} // Close need not wait
}
