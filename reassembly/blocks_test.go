package reassembly

import (
	"bytes"
	"testing"

	"cleartap/capture"
)

// TestBlocks holds segments of every length around those at which one more block is needed:
// they come back whole and from any byte on, with their marks, and take as many blocks as need
// says, which are cleared afterwards.
func TestBlocks(t *testing.T) {
	p := pool{max: 1 << 20}
	data := make([]byte, 2*len(block{})+soleRoom)
	for i := range data {
		data[i] = byte(i + 1)
	}
	for n := range len(data) {
		m := capture.Mark{Time: 1<<62 + 1, Frame: 1<<40 - 2, File: 1<<32 - 3, Seq: 1<<32 - 4, Ack: 1<<32 - 5}
		i := p.store(&m, isData, 1, data[:n])
		b := p.at(i)
		if p.live != need(n) || b.mark() != m || b.size() != n || b.kind() != isData || b.side() != 1 {
			t.Fatalf("%d bytes: %d blocks, %d are needed; %+v, %d bytes, kind %d, side %d", n, p.live, need(n), b.mark(), b.size(), b.kind(), b.side())
		}
		for from := range n {
			got := make([]byte, n)
			if k := p.load(got, i, from); !bytes.Equal(got[:k], data[from:n]) {
				t.Fatalf("%d bytes from %d on: %d, %v", n, from, k, got[:k])
			}
		}
		b.setNext(77)
		if p.release(i) != 77 || p.live != 0 {
			t.Fatalf("%d bytes: %d blocks are left", n, p.live)
		}
		for i := range uint32(8) {
			if *p.at(i) != (block{}) {
				t.Fatalf("%d bytes: block %d was not cleared", n, i)
			}
		}
	}
	if need(soleRoom) != 1 || need(soleRoom+1) != 2 {
		t.Errorf("%d and %d blocks for %d bytes and one more", need(soleRoom), need(soleRoom+1), soleRoom)
	}
}
