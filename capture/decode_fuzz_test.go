package capture

import (
	"slices"
	"strings"
	"testing"

	"cleartap/internal/fuzzing"
)

// allCases are the frames of all tables, which seed the fuzzer and the tests
// that hold for every frame.
func allCases() []decodeCase {
	return slices.Concat(casesLinkTypes(), casesWiFi(), casesVLAN(), casesMPLS(), casesPPPoE(), casesIPTunnels(), casesUDPTunnels(), casesIPv4(), casesIPv6())
}

// TestDecodeEveryPrefix cuts every frame at every byte. Where a segment comes, it
// is the same one with its payload cut, and it tells how much is missing.
func TestDecodeEveryPrefix(t *testing.T) {
	for _, c := range allCases() {
		d := NewDecoder(DecoderConfig{})
		var whole, s Segment
		full := d.Decode(frameOf(c.link, c.data), &whole)
		want := string(whole.Payload)
		n := uint64(1)
		for cut := range min(len(c.data), 400) {
			f := frameOf(c.link, c.data[:cut:cut])
			f.Length = len(c.data)
			n++
			if !d.Decode(f, &s) || !full {
				continue
			}
			if !strings.HasPrefix(want, string(s.Payload)) || len(s.Payload)+s.Missing != len(want)+whole.Missing || s.Src != whole.Src || s.VLAN != whole.VLAN {
				t.Errorf("%s cut at %d: payload %q and %d missing", c.name, cut, s.Payload, s.Missing)
			}
		}
		if st := d.Stats(); st.Frames != n || st.Panics != 0 {
			t.Errorf("%s: %d frames of %d counted, %d panics", c.name, st.Frames, n, st.Panics)
		}
	}
}

// FuzzDecode sends up to 64 frames, cut from the input, through one decoder with
// little memory. The first byte of each is its length.
func FuzzDecode(f *testing.F) {
	for _, c := range allCases() {
		f.Add(uint32(c.link), uint16(0), frameList(c.data))
	}
	for _, frames := range [][][]byte{
		cut4(1, 64, frameTCP(long()[:150])), reversed(cut4(1, 48, frameTCP(long()[:150]))),
		cut6(1, 64, 6, frameTCP(long()[:150])), reversed(cut6(1, 48, 6, frameTCP(long()[:150]))),
		{piece4(frameTCP(long()), 0, 24), piece4(frameTCP(long()), 16, 40), piece6(frameTCP(long()), 0, 24)},
	} {
		f.Add(uint32(LinkEthernet), uint16(0), frameList(frames...))
		f.Add(uint32(LinkEthernet), uint16(3), frameList(frames...))
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, link uint32, cut uint16, data []byte) {
		cfg := DecoderConfig{MaxDatagrams: 4, MaxFragmentBytes: 8192}
		a, b := NewDecoder(cfg), NewDecoder(cfg)
		var s, again Segment
		frames := uint64(0)
		for len(data) > 0 && frames < 64 {
			n := min(int(data[0])+1, len(data))
			fr := frameOf(LinkType(link), data[1:n:n])
			fr.Length += int(cut % 8)
			fr.Time += Nanos(frames) * Nanos(cut) * 1e6
			data = data[n:]
			frames++
			ok := a.Decode(fr, &s)
			if ok != b.Decode(fr, &again) || ok && (s.Mark != again.Mark || s.Src != again.Src || string(s.Payload) != string(again.Payload)) {
				t.Fatal("two decoders disagree")
			}
			if ok && (s.Missing < 0 || len(s.Payload) > maxDatagram) {
				t.Fatalf("%d bytes, %d missing", len(s.Payload), s.Missing)
			}
			checkDefragBounds(t, &a.defrag)
			if len(a.defrag.out) > maxIPs+1 || len(a.decoded) > maxLayers+1 {
				t.Fatalf("%d datagrams, %d layers", len(a.defrag.out), len(a.decoded))
			}
		}
		if st := a.Stats(); st.Panics != 0 || st.Frames != frames {
			t.Fatalf("%d panics, %d frames of %d", st.Panics, st.Frames, frames)
		}
	})
}

// frameList writes frames as FuzzDecode reads them; longer ones are cut.
func frameList(frames ...[]byte) []byte {
	var out []byte
	for _, f := range frames {
		f = f[:min(len(f), 255)]
		out = append(append(out, byte(len(f))), f...)
	}
	return out
}
