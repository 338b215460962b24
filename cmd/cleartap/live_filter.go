package main

import (
	"fmt"
	"os"

	"golang.org/x/net/bpf"

	"cleartap/capture"
	"cleartap/capture/kernelfilter"
	"cleartap/internal/config"
)

// kernelFilter makes the program that the kernel runs on every frame: the mail
// filter, narrowed by the user's own.
func kernelFilter(l *config.Loaded) ([]bpf.RawInstruction, error) {
	ports, err := capture.ParsePorts(l.Capture.Ports)
	if err != nil {
		return nil, err
	}
	own, err := kernelfilter.Program(kernelfilter.Config{Ports: ports, NoTunnels: !l.Capture.Tunnels, SnapLen: l.Capture.Snaplen})
	if err != nil {
		return nil, err
	}
	user, err := userFilter(l)
	if err != nil || user == nil {
		return own, err
	}
	return kernelfilter.And(user, own)
}

// userFilter gives the program of --bpf or --bpf-file, nil if there is none.
func userFilter(l *config.Loaded) ([]bpf.RawInstruction, error) {
	switch {
	case l.Capture.BPF != "":
		return compileFilter(l.Capture.BPF, capture.LinkEthernet)
	case l.Capture.BPFFile != "":
		return readFilter(l.Capture.BPFFile)
	}
	return nil, nil
}

// readFilter reads what tcpdump -ddd printed.
func readFilter(path string) ([]bpf.RawInstruction, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--bpf-file %s: %s", path, reason(err))
	}
	p, err := kernelfilter.ParseCompiled(string(text))
	if err != nil {
		return nil, fmt.Errorf("--bpf-file %s: %w", path, err)
	}
	return p, nil
}
