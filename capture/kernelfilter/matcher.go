package kernelfilter

import (
	"slices"

	"golang.org/x/net/bpf"
)

// Matcher runs a program on frames of files, where no kernel does. Several
// goroutines may use it at once.
type Matcher struct {
	vm      *bpf.VM
	program []bpf.RawInstruction // nil unless it asks for the length of frames
}

// NewMatcher makes a matcher of a program.
func NewMatcher(p []bpf.RawInstruction) (*Matcher, error) {
	vm, err := newMachine(p)
	m := &Matcher{vm: vm}
	if slices.ContainsFunc(p, asksLength) {
		m.program = p
	}
	return m, err
}

// Match reports whether a frame passes; length is its length on the wire, in bytes,
// which a snap length may have cut.
func (m *Matcher) Match(frame []byte, length int) bool {
	vm := m.vm
	if m.program != nil && length != len(frame) {
		vm = m.of(length)
	}
	n, err := vm.Run(frame)
	return err == nil && n > 0
}

// of gives a machine for which a frame is as long as it was on the wire; the usual one
// knows what is left of it.
func (m *Matcher) of(length int) *bpf.VM {
	p := slices.Clone(m.program)
	for i, r := range p {
		if asksLength(r) {
			p[i] = bpf.RawInstruction{Op: opLoadConstant | r.Op&1, K: uint32(length)} //nolint:gosec // a frame has less than 4 GiB
		}
	}
	vm, err := newMachine(p)
	if err != nil { // it was good before
		return m.vm
	}
	return vm
}

// The codes of instructions that load the length of the frame, and a constant, into
// the accumulator; one more is the same for the index register (linux/bpf_common.h).
const (
	opLoadLength   = 0x80 // ld len
	opLoadConstant = 0x00 // ld #k
)

func asksLength(r bpf.RawInstruction) bool { return r.Op&^1 == opLoadLength }
