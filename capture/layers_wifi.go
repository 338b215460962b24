package capture

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// radiotap reads the header's length and the one flag that matters, by itself:
// gopacket's layer copies every frame without a check sequence, moves bytes
// inside the caller's, and may read beyond the header or without end.
func (d *Decoder) radiotap(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		return layerNone, nil, errMalformed
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	d.cur.datapad = radiotapFlags(b[:n])&0x20 != 0
	return layers.LayerTypeDot11, b[n:], nil
}

// radiotapFlags gives the flags field of a radiotap header, 0 if it has none.
func radiotapFlags(h []byte) byte {
	const hasTSFT, hasFlags, hasMore = 1, 2, 1 << 31
	present := binary.LittleEndian.Uint32(h[4:])
	if present&hasFlags == 0 {
		return 0
	}
	at := 8
	for word := present; word&hasMore != 0 && at+4 <= len(h); at += 4 {
		word = binary.LittleEndian.Uint32(h[at:])
	}
	if present&hasTSFT != 0 {
		at = (at+7)&^7 + 8
	}
	if at >= len(h) {
		return 0
	}
	return h[at]
}

// avs skips an AVS or a Prism header: both tell their length in the second word,
// AVS in network byte order, Prism in that of the capturing machine.
func (d *Decoder) avs(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 8 {
		return layerNone, nil, errShort
	}
	n := be32(b[4:])
	if n > 0xffff {
		n = binary.LittleEndian.Uint32(b[4:])
	}
	if n < 8 {
		return layerNone, nil, errMalformed
	}
	if uint64(n) > uint64(len(b)) {
		return layerNone, nil, errShort
	}
	return layers.LayerTypeDot11, b[n:], nil
}

// wifi reads an 802.11 header. Only data frames that are neither encrypted nor
// fragments lead on. gopacket takes the last four bytes for a check sequence,
// which many captures do not have, and reads short frames beyond their end: it
// is shown a copy of the header that is long enough. The check sequence, if there
// is one, is left to be trimmed by the length in the IP header.
func (d *Decoder) wifi(b []byte) (gopacket.LayerType, []byte, error) {
	const data, typeMask, noData = 0x08, 0x0c, 0x40
	if len(b) < 24 {
		return layerNone, nil, errShort
	}
	if b[0]&typeMask != data || b[0]&noData != 0 {
		return layerNone, nil, nil
	}
	head := d.gp.head[:]
	clear(head[copy(head, b):])
	w := &d.gp.wifi
	if err := w.DecodeFromBytes(head, gopacket.NilDecodeFeedback); err != nil {
		return layerNone, nil, err
	}
	if w.Flags.WEP() {
		d.stats.Encrypted++
		return layerNone, nil, nil
	}
	if w.Flags.MF() || w.FragmentNumber != 0 {
		d.stats.WiFiPieces++
		return layerNone, nil, nil
	}
	n := len(w.Contents)
	if d.cur.datapad {
		n = (n + 3) &^ 3
	}
	if n > len(b) {
		return layerNone, nil, errShort
	}
	if w.Type.QOS() && isAggregate(head, &w.Flags) {
		return d.amsdu(b[n:])
	}
	return layers.LayerTypeLLC, b[n:], nil
}

// isAggregate looks at the bit of the QoS control field that gopacket leaves out.
func isAggregate(h []byte, f *layers.Dot11Flags) bool {
	at := 24
	if f.ToDS() && f.FromDS() {
		at += 6 // the fourth address
	}
	return h[at]&0x80 != 0
}

// amsdu opens the first of the frames that were aggregated into one. A segment
// in a later one is lost, and counted: one frame gives one segment.
func (d *Decoder) amsdu(b []byte) (gopacket.LayerType, []byte, error) {
	if len(b) < 14 {
		return layerNone, nil, errShort
	}
	p := b[14:]
	if n := int(be16(b[12:])); n < len(p) {
		if (n+17)&^3 < len(b) {
			d.stats.WiFiPieces++
		}
		p = p[:n]
	}
	return layers.LayerTypeLLC, p, nil
}
