//go:build !libpcap

package main

import (
	"errors"
	"fmt"

	"golang.org/x/net/bpf"

	"cleartap/capture"
	"cleartap/capture/kernelfilter"
	"cleartap/internal/config"
	"cleartap/internal/sensor"
)

// compileFilter translates an expression in the language of tcpdump, for frames of a link
// type. tcpdump itself does it: no Go library is right for ordinary ones (docs/adr).
func compileFilter(expr string, link capture.LinkType) ([]bpf.RawInstruction, error) {
	p, err := kernelfilter.Translate(expr, link)
	switch {
	case errors.Is(err, kernelfilter.ErrNoTcpdump):
		return nil, fmt.Errorf("--bpf needs tcpdump to translate it, which is not installed here; where it is, run tcpdump -ddd -y EN10MB '%s' > FILE and use --bpf-file FILE", expr)
	case err != nil:
		return nil, usage("--bpf %q: %s", expr, err)
	}
	return p, nil
}

// openLibpcap fails: libpcap is not in this build.
func openLibpcap(*config.Loaded, []bpf.RawInstruction, sensor.Tap) (capture.Live, error) {
	return nil, errors.New("this build has no libpcap: build one with make build-libpcap, or capture with afpacket")
}
