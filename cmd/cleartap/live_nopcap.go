//go:build !libpcap

package main

import (
	"errors"

	"golang.org/x/net/bpf"

	"cleartap/capture"
	"cleartap/internal/config"
	"cleartap/internal/sensor"
)

// compileFilter translates an expression in the language of tcpdump, for frames of a link type.
func compileFilter(expr string, link capture.LinkType) ([]bpf.RawInstruction, error) {
	return byTcpdump(expr, link)
}

// openLibpcap fails: libpcap is not in this build.
func openLibpcap(*config.Loaded, []bpf.RawInstruction, sensor.Tap) (capture.Live, error) {
	return nil, errors.New("this build has no libpcap: build one with make build-libpcap, or capture with afpacket")
}
