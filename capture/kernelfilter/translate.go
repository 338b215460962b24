package kernelfilter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"golang.org/x/net/bpf"

	"cleartap/capture"
)

// ErrNoTcpdump is what Translate returns where tcpdump is not installed.
var ErrNoTcpdump = errors.New("tcpdump is not installed")

// Translate lets the installed tcpdump translate an expression in its language, for
// frames of a link type: it is shown a capture of that type without a packet. What it
// prints is checked like any program.
func Translate(expr string, link capture.LinkType) ([]bpf.RawInstruction, error) {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		return nil, ErrNoTcpdump
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
		return nil, errors.New(strings.TrimSpace(said))
	}
	p, err := ParseCompiled(string(out))
	if err != nil {
		return nil, fmt.Errorf("what tcpdump printed is no program: %w", err)
	}
	return p, nil
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
