package capture

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// fragTest sends frames through one decoder.
type fragTest struct {
	t   *testing.T
	d   *Decoder
	now Nanos
	n   uint64
	s   Segment
}

func newFragTest(t *testing.T, cfg DecoderConfig) *fragTest {
	t.Helper()
	return &fragTest{t: t, d: NewDecoder(cfg), now: 1_700_000_000e9}
}

func (x *fragTest) send(data []byte) bool {
	x.n++
	x.now += 1e6
	f := frameOf(LinkEthernet, data)
	f.Time, f.Number = x.now, x.n
	return x.d.Decode(f, &x.s)
}

// want sends frames of which exactly the last one gives the segment.
func (x *fragTest) want(payload string, frames ...[]byte) {
	x.t.Helper()
	for i, f := range frames {
		last := i == len(frames)-1
		if ok := x.send(f); ok != last {
			x.t.Fatalf("frame %d of %d: segment %v; %+v", i+1, len(frames), ok, x.d.Stats())
		}
	}
	if string(x.s.Payload) != payload {
		x.t.Fatalf("payload %q, want %q", x.s.Payload, payload)
	}
	if x.s.Frame != x.n || x.s.Time != x.now || x.s.Seq != testSeq || x.s.TTL != testTTL || x.s.Missing != 0 {
		x.t.Fatalf("mark %+v", x.s)
	}
}

// none sends frames that give nothing.
func (x *fragTest) none(frames ...[]byte) {
	x.t.Helper()
	for i, f := range frames {
		if x.send(f) {
			x.t.Fatalf("frame %d gave a segment: %q", i+1, x.s.Payload)
		}
	}
}

// cut4 cuts an IP payload into IPv4 fragments of n bytes each.
func cut4(id, n int, p []byte) (frames [][]byte) {
	for off := 0; off < len(p); off += n {
		end := min(off+n, len(p))
		frames = append(frames, frameEther(0x0800, frameIPv4Frag(6, id, off, end < len(p), p[off:end])))
	}
	return frames
}

// cut6 does so for IPv6; before stands between the IPv6 and the fragment header.
func cut6(id, n, next int, p []byte) (frames [][]byte) {
	for off := 0; off < len(p); off += n {
		end := min(off+n, len(p))
		frames = append(frames, frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(next, id, off, end < len(p), p[off:end]))))
	}
	return frames
}

func reversed(f [][]byte) [][]byte {
	out := make([][]byte, 0, len(f))
	for i := range f {
		out = append(out, f[len(f)-1-i])
	}
	return out
}

// long is a payload of several fragments.
func long() string { return strings.Repeat("USER alice@example.org\r\n", 20) }

func TestFragmentsInOrderAndReversed(t *testing.T) {
	for _, size := range []int{8, 16, 24, 64, 256, 480} {
		for name, f := range map[string][][]byte{"ipv4": cut4(7, size, frameTCP(long())), "ipv6": cut6(7, size, 6, frameTCP(long()))} {
			x := newFragTest(t, DecoderConfig{})
			x.want(long(), f...)
			x = newFragTest(t, DecoderConfig{Ports: MailPorts()})
			x.want(long(), reversed(f)...)
			if st := x.d.Stats(); st.Fragments != uint64(len(f)) || st.Waiting != uint64(len(f)-1) || st.Datagrams != 1 || st.FragmentsDropped != 0 {
				t.Errorf("%s, %d bytes: %+v", name, size, st)
			}
		}
	}
}

func TestFragmentsInAnyOrderTwice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		size := 8 * (1 + r.IntN(20))
		f := cut4(r.IntN(3), size, frameTCP(long()))
		if r.IntN(2) == 0 {
			f = cut6(r.IntN(3), size, 6, frameTCP(long()))
		}
		f = append(f, f...) // every fragment twice
		r.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
		x := newFragTest(t, DecoderConfig{})
		found := 0
		for _, b := range f {
			if x.send(b) {
				found++
				if string(x.s.Payload) != long() {
					t.Fatalf("payload %q", x.s.Payload)
				}
			}
		}
		if found != 1 { // duplicates of a complete datagram are known as such
			t.Fatalf("%d segments", found)
		}
	}
}

func TestFragmentsInterleaved(t *testing.T) {
	x := newFragTest(t, DecoderConfig{})
	a, b := cut4(1, 64, frameTCP(long())), cut4(2, 64, frameTCP("other "+long()[6:]))
	c := cut6(1, 64, 6, frameTCP(long()))
	for i := range len(a) - 1 {
		x.none(a[i], b[i], c[i])
	}
	x.want(long(), a[len(a)-1])
	x.want("other "+long()[6:], b[len(b)-1])
	x.want(long(), c[len(c)-1])
}

func TestFragmentsMissing(t *testing.T) {
	for lost := range 5 {
		x := newFragTest(t, DecoderConfig{})
		f := cut4(1, 104, frameTCP(long()))
		x.none(append(append([][]byte{}, f[:lost]...), f[lost+1:]...)...)
		x.want(long(), f[lost]) // late, but in time
		f = cut4(2, 104, frameTCP(long()))
		x.none(append(append([][]byte{}, f[:lost]...), f[lost+1:]...)...)
		x.now += 31e9
		x.none(f[lost]) // too late
		if st := x.d.Stats(); st.Datagrams != 1 || st.FragmentsDropped == 0 {
			t.Errorf("fragment %d: %+v", lost, st)
		}
	}
}

// piece4 and piece6 are bytes from to to of a datagram as a fragment; the last
// one says so.
func piece4(b []byte, from, to int) []byte {
	return frameEther(0x0800, frameIPv4Frag(6, 1, from, to < len(b), b[from:to]))
}

func piece6(b []byte, from, to int) []byte {
	return frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(6, 1, from, to < len(b), b[from:to])))
}

// TestFragmentsOverlapIPv4 has a datagram of 48 bytes, 20 of them TCP header: a
// payload of 28 times a in the first and 28 times e in the second sender's version.
func TestFragmentsOverlapIPv4(t *testing.T) {
	a, e := frameTCP(strings.Repeat("a", 28)), frameTCP(strings.Repeat("e", 28))
	of := func(runs ...int) string { // lengths of runs of a and e in turn
		var b strings.Builder
		for i, n := range runs {
			b.WriteString(strings.Repeat(string("ae"[i%2]), n))
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		want   string
		frames [][]byte
	}{
		"middle_over_both":       {of(4, 8, 16), [][]byte{piece4(a, 0, 24), piece4(a, 32, 48), piece4(e, 16, 40)}},
		"middle_before_the_last": {of(4, 16, 8), [][]byte{piece4(a, 0, 24), piece4(e, 16, 40), piece4(a, 32, 48)}},
		"same_place_other_bytes": {of(28), [][]byte{piece4(a, 0, 24), piece4(e, 0, 24), piece4(a, 24, 48)}},
		"around_two":             {of(4, 8, 8, 8), [][]byte{piece4(a, 8, 24), piece4(a, 32, 40), piece4(e, 0, 40), piece4(e, 32, 48)}},
		"inside_another":         {of(28), [][]byte{piece4(a, 0, 40), piece4(e, 8, 16), piece4(a, 40, 48)}},
		"around_another":         {of(0, 12, 8, 8), [][]byte{piece4(a, 32, 40), piece4(e, 0, 40), piece4(e, 32, 48)}},
	} {
		t.Run(name, func(t *testing.T) {
			newFragTest(t, DecoderConfig{}).want(c.want, c.frames...)
		})
	}
}

func TestFragmentsContradictTheEndIPv4(t *testing.T) {
	p := frameTCP(strings.Repeat("a", 28))
	longer := append(append([]byte{}, p...), "more of it"...)
	x := newFragTest(t, DecoderConfig{})
	x.want(strings.Repeat("a", 28), piece4(p, 24, 48), piece4(longer, 24, 58), piece4(longer, 48, 56), piece4(p, 0, 24))
	if st := x.d.Stats(); st.FragmentsDropped != 2 {
		t.Errorf("%d fragments dropped, want the 2 beyond the end", st.FragmentsDropped)
	}
	x = newFragTest(t, DecoderConfig{})
	x.want(string(longer[20:]), piece4(longer, 24, 56), piece4(p, 24, 48), piece4(longer, 56, 58), piece4(longer, 0, 24))
}

func TestFragmentsOverlapIPv6(t *testing.T) {
	a, e := frameTCP(strings.Repeat("a", 28)), frameTCP(strings.Repeat("e", 28))
	for name, frames := range map[string][][]byte{
		"one_unit":               {piece6(a, 0, 24), piece6(e, 16, 40), piece6(a, 40, 48), piece6(a, 24, 40)},
		"same_place_other_bytes": {piece6(a, 0, 24), piece6(e, 0, 24), piece6(a, 24, 48)},
		"around_another":         {piece6(a, 24, 32), piece6(e, 0, 40), piece6(a, 0, 24), piece6(a, 32, 48)},
		"last_twice":             {piece6(a, 24, 48), piece6(e[:40], 24, 40), piece6(a, 0, 24)},
		"beyond_the_end":         {piece6(a, 40, 48), piece6(append(e, e...), 48, 56), piece6(a, 0, 40)},
	} {
		t.Run(name, func(t *testing.T) {
			x := newFragTest(t, DecoderConfig{})
			x.none(frames...)
			x.none(piece6(a, 0, 24), piece6(a, 24, 48)) // what follows belongs to the discarded datagram
			if st := x.d.Stats(); st.FragmentsDropped == 0 || st.Datagrams != 0 {
				t.Errorf("%+v", st)
			}
			x.now += 31e9
			x.want(strings.Repeat("a", 28), piece6(a, 0, 24), piece6(a, 24, 48))
		})
	}
	x := newFragTest(t, DecoderConfig{}) // an exact duplicate is none (RFC 8200, section 4.5)
	x.want(strings.Repeat("a", 28), piece6(a, 0, 24), piece6(a, 0, 24), piece6(a, 24, 48))
}

func TestFragmentsIdentificationUsedAgain(t *testing.T) {
	for name, cut := range map[string]func(int, int, []byte) [][]byte{
		"ipv4": cut4,
		"ipv6": func(id, n int, p []byte) [][]byte { return cut6(id, n, 6, p) },
	} {
		t.Run(name, func(t *testing.T) {
			x := newFragTest(t, DecoderConfig{})
			for i := range 10 { // hand-made captures often number all datagrams 1
				line := strings.Repeat(string(rune('a'+i)), 100)
				f := cut(1, 40, frameTCP(line))
				if i%2 == 1 {
					f = reversed(f)
				}
				x.want(line, f...)
			}
		})
	}
}

func TestFragmentsBehindExtensionHeaders(t *testing.T) {
	p := frameTCP(long())
	hbh := hexes("2c00 050200000000")
	x := newFragTest(t, DecoderConfig{})
	x.want(long(),
		frameEther(0x86dd, frameIPv6(0, hbh, frameIPv6Frag(6, 9, 0, true, p[:400]))),
		frameEther(0x86dd, frameIPv6(0, hbh, frameIPv6Frag(6, 9, 400, false, p[400:]))))
	options := join(hexes("0600 010400000000"), p) // the fragmented part begins with destination options
	x.want(long(),
		frameEther(0x86dd, frameIPv6(0, hbh, frameIPv6Frag(60, 10, 0, true, options[:400]))),
		frameEther(0x86dd, frameIPv6(0, hbh, frameIPv6Frag(60, 10, 400, false, options[400:]))))
	// The protocol is the one that the first fragment names.
	x.want(long(),
		frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(17, 11, 400, false, p[400:]))),
		frameEther(0x86dd, frameIPv6(44, frameIPv6Frag(6, 11, 0, true, p[:400]))))
}

func TestFragmentsInTunnels(t *testing.T) {
	wrap := func(b []byte) []byte {
		return frameIPv4(17, frameUDP(5, 4789, hexes("08000000 00000100"), b))
	}
	x := newFragTest(t, DecoderConfig{Ports: MailPorts()})
	var frames [][]byte
	for _, f := range cut4(5, 200, frameTCP(long())) {
		frames = append(frames, frameEther(0x8100, hexes("0064 0800"), wrap(f)))
	}
	x.want(long(), frames...)
	// The tunnel's own packet in fragments.
	outer := frameUDP(5, 4789, hexes("08000000 00000100"), frameEther(0x0800, frameIPv4(6, frameTCP(long()))))
	x.want(long(),
		frameEther(0x0800, frameIPv4Frag(17, 6, 256, false, outer[256:])),
		frameEther(0x0800, frameIPv4Frag(17, 6, 0, true, outer[:256])))
	// Fragments in fragments.
	var inner [][]byte
	for _, f := range cut4(8, 240, frameTCP(long())) {
		inner = append(inner, frameUDP(5, 4789, hexes("08000000 00000100"), f))
	}
	var all [][]byte
	for i, p := range inner {
		all = append(all, frameEther(0x0800, frameIPv4Frag(17, 100+i, 0, true, p[:64])), frameEther(0x0800, frameIPv4Frag(17, 100+i, 64, false, p[64:])))
	}
	x.want(long(), all...)
}
