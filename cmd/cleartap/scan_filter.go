package main

import (
	"errors"
	"sync"

	"github.com/urfave/cli/v2"

	"cleartap/capture"
	"cleartap/capture/kernelfilter"
)

// frameFilter is the user's filter of captures: an expression is translated for each
// link type that turns up. A frame passes where tcpdump -r would show it.
type frameFilter struct {
	expr string // empty: only what was translated for Ethernet beforehand

	mu sync.Mutex
	by map[capture.LinkType]translated
}

type translated struct {
	matcher *kernelfilter.Matcher
	err     error
}

// readFilters reads --bpf and --bpf-file. A wrong expression is told before anything is read.
func (o *options) readFilters(c *cli.Context, _ *streams) error {
	expr, file := c.String("bpf"), c.String("bpf-file")
	switch {
	case expr != "" && file != "":
		return usage("--bpf and --bpf-file are both given: want one of them")
	case expr == "" && file == "":
		return nil
	}
	f := &frameFilter{expr: expr, by: map[capture.LinkType]translated{}}
	if expr != "" {
		_, err := f.of(capture.LinkEthernet)
		if err != nil {
			return err
		}
	} else {
		p, err := readFilter(file)
		if err != nil {
			return usage("%s", err)
		}
		m, err := kernelfilter.NewMatcher(p)
		f.by[capture.LinkEthernet] = translated{m, err}
	}
	o.sensor.Filter = f.of
	return nil
}

// of gives the filter for frames of a link type.
func (f *frameFilter) of(link capture.LinkType) (*kernelfilter.Matcher, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.by[link]
	if !ok {
		t = f.translate(link)
		f.by[link] = t
	}
	return t.matcher, t.err
}

func (f *frameFilter) translate(link capture.LinkType) (t translated) {
	if f.expr == "" {
		return translated{err: errors.New("--bpf-file is for Ethernet")}
	}
	p, err := compileFilter(f.expr, link)
	if err != nil {
		return translated{err: err}
	}
	t.matcher, t.err = kernelfilter.NewMatcher(p)
	return t
}
