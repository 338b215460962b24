package sensor

import (
	"math/rand/v2"
	"testing"

	"cleartap/capture"
)

func segment(r *rand.Rand, flags capture.Flags) (there, back capture.Segment) {
	for i := range there.Src.IP {
		there.Src.IP[i], there.Dst.IP[i] = byte(r.Uint32()), byte(r.Uint32())
	}
	there.Src.Port, there.Dst.Port, there.Flags = uint16(r.Uint32()), 110, flags
	back = capture.Segment{Src: there.Dst, Dst: there.Src, Flags: flags | capture.ACK}
	return there, back
}

func TestHandshakesOfTwoWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	h := &handshakes{seed: 99}
	split, whole := 0, 0
	for i := range 2000 {
		syn, ack := segment(r, capture.SYN)
		if h.note(&syn, 0) {
			t.Fatal("a SYN alone is no half flow")
		}
		other := i % 2
		got := h.note(&ack, other)
		switch {
		case got && other == 0:
			whole++
		case got:
			split++
			if h.note(&ack, other) {
				t.Fatal("counted twice")
			}
		}
		data := syn
		data.Flags = capture.ACK
		if h.note(&data, 1) {
			t.Fatal("data is no handshake")
		}
	}
	if split != 1000 || whole != 0 {
		t.Errorf("%d of 1000 split flows were noticed, %d whole ones were taken for split", split, whole)
	}
	_, alone := segment(r, capture.SYN)
	if h.note(&alone, 1) {
		t.Error("a SYN-ACK without a SYN was taken for half a flow")
	}
}
