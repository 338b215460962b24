package kernelfilter

import "golang.org/x/net/bpf"

// label is a place in the program that is jumped to before it is known.
type label int

// item is an instruction, or one jump that waits for its target.
type item struct {
	bpf.Instruction
	to label // of a bpf.Jump, 0 if there is none
}

// assembler collects instructions. Conditional jumps of BPF reach 255
// instructions; so each test only skips over an unconditional jump, which reaches
// everywhere.
type assembler struct {
	cfg    Config
	ranges [][2]uint16
	items  []item
	places []int // of a label, index into items; label n is places[n-1]
}

func (a *assembler) label() label {
	a.places = append(a.places, -1)
	return label(len(a.places))
}

func (a *assembler) place(l label)           { a.places[l-1] = len(a.items) }
func (a *assembler) emit(i bpf.Instruction)  { a.items = append(a.items, item{Instruction: i}) }
func (a *assembler) load(off uint32, n int)  { a.emit(bpf.LoadAbsolute{Off: off, Size: n}) }
func (a *assembler) headerLength(off uint32) { a.emit(bpf.LoadMemShift{Off: off}) }
func (a *assembler) accept()                 { a.emit(bpf.RetConstant{Val: uint32(a.cfg.SnapLen)}) }
func (a *assembler) reject()                 { a.emit(bpf.RetConstant{}) }

func (a *assembler) loadIndexed(off uint32, n int) {
	a.emit(bpf.LoadIndirect{Off: off, Size: n})
}

func (a *assembler) jump(to label) {
	a.items = append(a.items, item{Instruction: bpf.Jump{}, to: to})
}

// jumpIf jumps when the accumulator equals v.
func (a *assembler) jumpIf(v uint32, to label) {
	a.emit(bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: v, SkipTrue: 1})
	a.jump(to)
}

// jumpIfSet jumps when the accumulator has one of the bits of v.
func (a *assembler) jumpIfSet(v uint32, to label) {
	a.emit(bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: v, SkipTrue: 1})
	a.jump(to)
}

// jumpIfRange jumps when the accumulator lies between lo and hi.
func (a *assembler) jumpIfRange(lo, hi uint32, to label) {
	if lo == hi {
		a.jumpIf(lo, to)
		return
	}
	a.emit(bpf.JumpIf{Cond: bpf.JumpLessThan, Val: lo, SkipTrue: 2})
	a.emit(bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: hi, SkipTrue: 1})
	a.jump(to)
}

// link gives the program with all jumps resolved. All of them lead forward.
func (a *assembler) link() []bpf.Instruction {
	out := make([]bpf.Instruction, len(a.items))
	for i, it := range a.items {
		out[i] = it.Instruction
		if it.to != 0 {
			out[i] = bpf.Jump{Skip: uint32(a.places[it.to-1] - i - 1)}
		}
	}
	return out
}
