package sensor

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"cleartap/capture"
)

// handshakes notes which worker saw the SYN of a flow, so that a SYN-ACK that
// another worker sees shows that the kernel's fan-out is not symmetric. It is
// shared by the workers of an input, without locks: what is overwritten is not
// noticed, which is all that can happen.
type handshakes struct {
	seed  uint64
	split atomic.Uint64       // flows whose directions came to different workers
	slots [4096]atomic.Uint64 // hash without its low byte, and the worker's number plus one
}

// mostSplit is how many split flows are put up with. A mirror in tunnels splits
// flows from the start: the kernel spreads its packets by the outer addresses.
const mostSplit = 3

// retire reports whether worker must leave the flows to the first one: when a socket
// leaves its group, the kernel gives its share to the others.
func (h *handshakes) retire(worker int) bool {
	return worker > 0 && h.split.Load() >= mostSplit
}

// note looks at a segment of worker, and reports whether its flow is split between two of them.
func (h *handshakes) note(s *capture.Segment, worker int) bool {
	if !s.Flags.Has(capture.SYN) {
		return false
	}
	hash := h.hash(s) &^ 0xff
	slot := &h.slots[hash>>8%uint64(len(h.slots))]
	if !s.Flags.Has(capture.ACK) {
		slot.Store(hash | uint64(worker+1))
		return false
	}
	v := slot.Load()
	half := v&^0xff == hash && v != hash|uint64(worker+1) && slot.CompareAndSwap(v, 0)
	if half {
		h.split.Add(1)
	}
	return half
}

// hash is the same for both directions of a flow.
func (h *handshakes) hash(s *capture.Segment) uint64 {
	return h.end(&s.Src) + h.end(&s.Dst)
}

func (h *handshakes) end(e *capture.Endpoint) uint64 {
	a := binary.BigEndian.Uint64(e.IP[:]) ^ h.seed
	b := binary.BigEndian.Uint64(e.IP[8:]) ^ bits.RotateLeft64(h.seed, 32) ^ uint64(e.Port)<<48 ^ uint64(e.Port)
	hi, lo := bits.Mul64(a|1, b|1)
	hi2, lo2 := bits.Mul64(hi^lo^uint64(e.Port), 0x9e3779b97f4a7c15)
	return hi2 ^ lo2
}
