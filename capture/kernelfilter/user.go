package kernelfilter

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/bpf"
)

// maxInstructions is the most that the kernel takes (BPF_MAXINSNS).
const maxInstructions = 4096

// ParseCompiled reads what `tcpdump -ddd` prints for an expression: the number of
// instructions, then one a line.
func ParseCompiled(text string) ([]bpf.RawInstruction, error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	count := -1
	var out []bpf.RawInstruction
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if count < 0 {
			if _, err := fmt.Sscanf(line, "%d", &count); err != nil || count < 1 || count > maxInstructions {
				return nil, fmt.Errorf("line %d: want the number of instructions, as tcpdump -ddd prints it", n)
			}
			continue
		}
		var i bpf.RawInstruction
		if _, err := fmt.Sscanf(line, "%d %d %d %d", &i.Op, &i.Jt, &i.Jf, &i.K); err != nil {
			return nil, fmt.Errorf("line %d: want four numbers, as tcpdump -ddd prints them", n)
		}
		if out = append(out, i); len(out) > count {
			return nil, fmt.Errorf("line %d: more instructions than the %d announced", n, count)
		}
	}
	if count < 0 || len(out) != count {
		return nil, fmt.Errorf("%d instructions of %d: the text is not whole", len(out), max(count, 0))
	}
	return out, check(out)
}

// check makes sure that a program can be run: known instructions, jumps that stay
// inside, an end.
func check(p []bpf.RawInstruction) error {
	if _, err := newMachine(p); err != nil {
		return fmt.Errorf("no filter: %w", err)
	}
	return nil
}

func newMachine(p []bpf.RawInstruction) (*bpf.VM, error) {
	list := make([]bpf.Instruction, len(p))
	for i, r := range p {
		list[i] = r.Disassemble()
		if _, raw := list[i].(bpf.RawInstruction); raw {
			return nil, fmt.Errorf("instruction %d is unknown", i)
		}
	}
	return bpf.NewVM(list)
}

// And gives a program that passes what both a and b pass, with the length that b
// keeps. Wherever a would accept, it goes on to b.
func And(a, b []bpf.RawInstruction) ([]bpf.RawInstruction, error) {
	if len(a)+len(b) > maxInstructions {
		return nil, fmt.Errorf("the filter has %d instructions, the kernel takes %d at most", len(a)+len(b), maxInstructions)
	}
	out := make([]bpf.RawInstruction, 0, len(a)+len(b))
	for i, r := range a {
		switch ret, ok := r.Disassemble().(bpf.RetConstant); {
		case ok && ret.Val != 0:
			r = bpf.RawInstruction{Op: 0x05, K: uint32(len(a) - i - 1)} // ja: to the begin of b
		case !ok && r.Op&0x07 == 0x06:
			return nil, errors.New("the filter returns a computed length, which cannot be narrowed")
		}
		out = append(out, r)
	}
	return append(out, b...), nil
}
