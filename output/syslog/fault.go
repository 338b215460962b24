package syslog

import (
	"errors"
	"syscall"

	"cleartap/output"
	"cleartap/output/transport"
)

// fault says why the receiver takes nothing.
func (s *Sink) fault(err error) *output.Fault {
	switch at := s.cfg.Address; {
	case errors.Is(err, errDismissed):
		return &output.Fault{Cause: at + " closed the connection right after the TLS handshake", Cure: "it may want a certificate that it trusts in tls.certificate and tls.key"}
	case errors.Is(err, syscall.EMSGSIZE):
		return &output.Fault{Cause: "a message is too long for " + at, Cure: "lower max_size", Hold: true}
	case errors.Is(err, errNotRead):
		return &output.Fault{Cause: at + " does not answer in time"}
	default:
		return transport.Fault(at, err)
	}
}
