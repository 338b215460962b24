//go:build libpcap

package main

import (
	"errors"

	"golang.org/x/net/bpf"

	"cleartap/capture"
	"cleartap/capture/libpcap"
	"cleartap/internal/config"
	"cleartap/internal/sensor"
)

// compileFilter translates an expression in the language of tcpdump, for frames of a link type.
func compileFilter(expr string, link capture.LinkType) ([]bpf.RawInstruction, error) {
	p, err := libpcap.Compile(expr, link)
	if err != nil {
		return nil, usage("--bpf %q: %s", expr, err)
	}
	return p, nil
}

// openLibpcap opens an interface through libpcap.
func openLibpcap(l *config.Loaded, filter []bpf.RawInstruction, t sensor.Tap) (capture.Live, error) {
	if len(t.Interfaces) > 1 {
		return nil, errors.New("the outputs of a tap are joined by afpacket only")
	}
	return libpcap.Open(libpcap.Config{
		Interface: t.Interfaces[0], Buffer: int(l.Capture.Ring), SnapLen: l.Capture.Snaplen, Promiscuous: l.Capture.Promiscuous,
		Filter: filter, MustFilter: l.Capture.BPF != "" || l.Capture.BPFFile != "", Event: t.Event,
	})
}
