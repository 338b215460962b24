package capture

import (
	"math/rand/v2"
	"testing"
)

func TestFragmentsUnwanted(t *testing.T) {
	x := newFragTest(t, DecoderConfig{Ports: MailPorts()})
	web := frameTCPPorts(40001, 80, long())
	x.none(cut4(1, 64, web)...)
	x.none(cut6(1, 64, 6, web)...)
	dns := frameUDP(53, 53, []byte(long()))
	x.none(frameEther(0x0800, frameIPv4Frag(17, 2, 0, true, dns[:80])), frameEther(0x0800, frameIPv4Frag(17, 2, 80, false, dns[80:])))
	x.none(frameEther(0x0800, frameIPv4Frag(1, 3, 0, true, dns[:80])), frameEther(0x0800, frameIPv4Frag(1, 3, 80, false, dns[80:])))
	if st := x.d.Stats(); st.Datagrams != 0 || st.FragmentsDropped != 0 || x.d.defrag.live.n != 0 {
		t.Errorf("%d held; %+v", x.d.defrag.live.n, st)
	}
	x.want(long(), cut4(1, 64, frameTCP(long()))...) // the same identification, now of mail
}

func TestFragmentsThatCannotBeUsed(t *testing.T) {
	p := frameTCP(long())
	x := newFragTest(t, DecoderConfig{})
	f := frameOf(LinkEthernet, cut4(1, 104, p)[0])
	f.Data = f.Data[:80] // cut by the snap length
	if x.d.Decode(f, &x.s) {
		t.Error("a cut fragment gave a segment")
	}
	x.none(
		frameEther(0x0800, frameIPv4Frag(6, 2, 65528, false, p[:16])),                // beyond 64 KiB
		frameEther(0x0800, frameIPv4Frag(6, 3, 0, true, nil)),                        // empty
		frameEther(0x0800, frameIPv4Frag(6, 3, 8, true, p[:7])),                      // less than a unit
		frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(6, 4, 65528, false, p[:16]))), // beyond 64 KiB
		frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(6, 4, 0, true, p[:20]))),      // no multiple of 8
	)
	if st := x.d.Stats(); st.Waiting != 6 || st.FragmentsDropped != 6 || x.d.defrag.live.n != 0 {
		t.Errorf("%d held; %+v", x.d.defrag.live.n, st)
	}
	if x.none(frameEther(0x86dd, frameIPv6(44, hexes("0600 00")))); x.d.Stats().Malformed != 1 {
		t.Errorf("%+v", x.d.Stats())
	}
}

func TestFragmentsClockJumps(t *testing.T) {
	x := newFragTest(t, DecoderConfig{})
	f := cut4(1, 240, frameTCP(long()))
	x.none(f[0])
	x.now -= 90 * 86400e9 // a merged file: three months back
	x.none(f[1])          // belongs to another datagram of that number
	x.want(long(), f[2], f[0])
	x.none(f[0])
	x.now += 90 * 86400e9
	x.want(long(), f...)
}

// TestFragmentFlood sends fragments that never complete: memory stays within
// bounds, and a datagram that follows is still put together.
func TestFragmentFlood(t *testing.T) {
	const limit = 1 << 20
	for name, cfg := range map[string]DecoderConfig{
		"many_datagrams": {},
		"few_bytes":      {MaxFragmentBytes: limit},
		"few_datagrams":  {MaxDatagrams: 10},
	} {
		t.Run(name, func(t *testing.T) {
			x := newFragTest(t, cfg)
			r := rand.New(rand.NewPCG(3, 4))
			body := make([]byte, 1400)
			for i := range 20000 {
				x.now -= 999_000 // a thousand a millisecond
				off := 8 * r.IntN(8000)
				b := frameEther(0x0800, frameIPv4Frag(6, i, off, true, body[:8*(1+r.IntN(170))]))
				if i%2 == 1 {
					b = frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(6, i/4, off, true, body[:8*(1+r.IntN(170))])))
				}
				x.none(b)
				checkDefragBounds(t, &x.d.defrag)
			}
			if st := x.d.Stats(); st.FragmentsDropped == 0 {
				t.Errorf("%+v", st)
			}
			x.want(long(), cut4(70000, 200, frameTCP(long()))...)
		})
	}
}

// TestFragmentsOfEightBytes takes the smallest pieces, in the order that costs most.
func TestFragmentsOfEightBytes(t *testing.T) {
	x := newFragTest(t, DecoderConfig{})
	p := frameTCP(giant(60000))
	x.none(reversed(cut4(1, 8, p))...) // more pieces than any network makes: given up
	checkDefragBounds(t, &x.d.defrag)
	if x.d.Stats().FragmentsDropped < maxPieces {
		t.Errorf("%+v", x.d.Stats())
	}
	x.now += 31e9
	x.want(giant(60000), reversed(cut4(2, 48, p))...)
	checkDefragBounds(t, &x.d.defrag)
}

// checkDefragBounds fails when a bound is broken or the books are wrong.
func checkDefragBounds(t *testing.T, d *defragmenter) {
	t.Helper()
	if d.bytes > d.maxBytes || d.live.n > d.maxLive || d.closed.n > maxClosed || len(d.free) > maxFree {
		t.Fatalf("bounds broken: %d bytes, %d live, %d closed, %d free", d.bytes, d.live.n, d.closed.n, len(d.free))
	}
	if len(d.table) != d.live.n+d.closed.n {
		t.Fatalf("table of %d, lists of %d and %d", len(d.table), d.live.n, d.closed.n)
	}
	if d.live.n+d.closed.n > 100 { // the full count is slow
		return
	}
	sum := 0
	for _, g := range d.table {
		sum += g.cost()
	}
	if sum != d.bytes {
		t.Fatalf("%d bytes held, %d counted", sum, d.bytes)
	}
}

// The place of a fragment is found among very many without looking at all of them,
// wherever it is.
func TestPlaceOfAFragmentIsFoundFast(t *testing.T) {
	g := datagram{key: fragKey{v4: true}, end: -1}
	eight := make([]byte, 8)
	for n := maxPieces - 1; n > 0; n-- {
		if !g.add(16*n, true, eight) {
			t.Fatalf("piece %d does not fit", n)
		}
	}
	before := g.looked
	for n := 1; n < maxPieces; n++ {
		if !g.repeats(16*n, eight) || g.repeats(16*n-8, eight) || g.overlaps(int32(16*n-8), int32(16*n)) {
			t.Fatalf("piece %d is not found, or its neighbour is", n)
		}
	}
	if each := (g.looked - before) / (3 * maxPieces); each > 12 {
		t.Errorf("%d pieces are looked at for one", each)
	}
}
