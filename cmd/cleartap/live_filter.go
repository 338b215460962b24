package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// maxFilter is the largest file of --bpf-file, in bytes: the 4096 instructions that the
// kernel takes need a fifth of it.
const maxFilter = 1 << 20

// readFilter reads what tcpdump -ddd printed, from a file or from a pipe.
func readFilter(path string) ([]bpf.RawInstruction, error) {
	text, err := readBounded(path, maxFilter)
	if err != nil {
		return nil, fmt.Errorf("--bpf-file %s: %w: want what tcpdump -ddd prints", path, err)
	}
	p, err := kernelfilter.ParseCompiled(string(text))
	if err != nil {
		return nil, fmt.Errorf("--bpf-file %s: %w", path, err)
	}
	return p, nil
}

// readBounded reads a file or a pipe of at most most bytes. Devices and folders are refused.
func readBounded(path string, most int64) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	if !st.Mode().IsRegular() && st.Mode()&fs.ModeNamedPipe == 0 {
		return nil, errors.New("neither a regular file nor a pipe")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, errors.New(reason(err))
	case int64(len(text)) > most:
		return nil, fmt.Errorf("more than %d bytes", most)
	}
	return text, nil
}
