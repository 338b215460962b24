package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

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
		return compileFilter(l.Capture.BPF)
	case l.Capture.BPFFile != "":
		text, err := os.ReadFile(l.Capture.BPFFile)
		if err != nil {
			return nil, fmt.Errorf("--bpf-file: %w", err)
		}
		p, err := kernelfilter.ParseCompiled(string(text))
		if err != nil {
			return nil, fmt.Errorf("--bpf-file %s: %w", l.Capture.BPFFile, err)
		}
		return p, nil
	}
	return nil, nil
}

// byTcpdump lets tcpdump translate an expression: no Go library is right for
// ordinary ones (docs/adr). What it prints is checked like any file.
func byTcpdump(expr string) ([]bpf.RawInstruction, error) {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		return nil, fmt.Errorf("--bpf needs tcpdump to translate it, which is not installed here; where it is, run tcpdump -ddd -y EN10MB '%s' > FILE and use --bpf-file FILE", expr)
	}
	out, err := exec.Command(path, "-ddd", "-y", "EN10MB", "--", expr).Output() //nolint:gosec // the expression is one argument and no option
	if err != nil {
		said := err.Error()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			said = strings.TrimPrefix(strings.TrimSpace(string(exit.Stderr)), "tcpdump: ")
		}
		return nil, usage("--bpf %q: %s", expr, said)
	}
	return kernelfilter.ParseCompiled(string(out))
}
