//go:build !linux

package afpacket

import (
	"errors"

	"cleartap/capture"
)

type port struct{}

var errUnimplemented = errors.New("AF_PACKET is there on Linux only: build with libpcap, or scan captures")

// Open fails: this system has no AF_PACKET.
func Open(Config) (*Source, error) { return nil, errUnimplemented }

// Next fails: this system has no AF_PACKET.
func (s *Source) Next(*capture.Frame) error { return errUnimplemented }

// Stats is empty: this system has no AF_PACKET.
func (s *Source) Stats() Stats { return Stats{} }

// Close does nothing.
func (s *Source) Close() error { return nil }

// Denied reports whether err means that the process may not capture.
func Denied(error) bool { return false }
