package main

import (
	"bytes"
	"encoding/binary"
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
		return nil, fmt.Errorf("--bpf-file: %w", err)
	}
	p, err := kernelfilter.ParseCompiled(string(text))
	if err != nil {
		return nil, fmt.Errorf("--bpf-file %s: %w", path, err)
	}
	return p, nil
}

// byTcpdump lets tcpdump translate an expression: no Go library is right for
// ordinary ones (docs/adr). It is shown a capture of the link type without a packet.
// What it prints is checked like any file.
func byTcpdump(expr string, link capture.LinkType) ([]bpf.RawInstruction, error) {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		return nil, fmt.Errorf("--bpf needs tcpdump to translate it, which is not installed here; where it is, run tcpdump -ddd -y EN10MB '%s' > FILE and use --bpf-file FILE", expr)
	}
	cmd := exec.Command(path, "-ddd", "-r", "-", "--", expr) //nolint:gosec // the expression is one argument and no option
	cmd.Stdin = bytes.NewReader(emptyCapture(link))
	out, err := cmd.Output()
	if err != nil {
		said := err.Error()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			said = string(exit.Stderr)
			if _, after, ok := strings.Cut(said, "tcpdump: "); ok { // behind what it says of the capture
				said = after
			}
		}
		return nil, usage("--bpf %q: %s", expr, strings.TrimSpace(said))
	}
	return kernelfilter.ParseCompiled(string(out))
}

// emptyCapture is a pcap file without packets: a header alone.
func emptyCapture(link capture.LinkType) []byte {
	h := make([]byte, 24)
	binary.LittleEndian.PutUint32(h, 0xa1b2c3d4)
	h[4], h[6] = 2, 4
	binary.LittleEndian.PutUint32(h[16:], 262144)
	binary.LittleEndian.PutUint32(h[20:], uint32(link))
	return h
}
