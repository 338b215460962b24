//go:build linux

package lab

import "encoding/binary"

const ethernet = 14 // bytes of an Ethernet header

func isIP(f []byte) bool {
	if len(f) < ethernet {
		return false
	}
	switch binary.BigEndian.Uint16(f[12:]) {
	case 0x0800, 0x86dd:
		return true
	}
	return false
}

// tag puts VLAN tags (IEEE 802.1Q, 802.1ad) behind the addresses of a frame.
func tag(f []byte, ids []uint16) []byte {
	if len(ids) == 0 || len(f) < ethernet {
		return f
	}
	out := append([]byte(nil), f[:12]...)
	for i, id := range ids {
		kind := uint16(0x8100)
		if i < len(ids)-1 {
			kind = 0x88a8
		}
		out = binary.BigEndian.AppendUint16(out, kind)
		out = binary.BigEndian.AppendUint16(out, id&0x0fff)
	}
	return append(out, f[12:]...)
}

// untag takes all VLAN tags off.
func untag(f []byte) []byte {
	n := 12
	for len(f) >= n+6 && (binary.BigEndian.Uint16(f[n:]) == 0x8100 || binary.BigEndian.Uint16(f[n:]) == 0x88a8) {
		n += 4
	}
	if n == 12 {
		return f
	}
	return append(append([]byte(nil), f[:12]...), f[n:]...)
}

// fragment cuts an IP packet into fragments of at most size bytes, headers
// included (RFC 791 section 3.2, RFC 8200 section 4.5).
func fragment(f []byte, size int, reverse bool) [][]byte {
	var parts [][]byte
	switch {
	case f[12] == 0x08 && len(f) >= ethernet+20:
		parts = fragment4(f, size)
	case f[12] == 0x86 && len(f) >= ethernet+40:
		parts = fragment6(f, size)
	}
	if len(parts) == 0 {
		return [][]byte{f}
	}
	if reverse {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	return parts
}

func fragment4(f []byte, size int) [][]byte {
	header := int(f[ethernet]&15) * 4
	total := int(binary.BigEndian.Uint16(f[ethernet+2:]))
	if total <= size || total > len(f)-ethernet || header < 20 {
		return nil
	}
	body := f[ethernet+header : ethernet+total]
	id := binary.BigEndian.Uint16(f[ethernet+4:])
	if id == 0 { // not to be fragmented, its sender thought
		id = binary.BigEndian.Uint16(f[ethernet+header+6:]) | 1 // low half of the sequence number
	}
	step := (size - header) &^ 7
	var out [][]byte
	for at := 0; at < len(body); at += step {
		chunk := body[at:min(len(body), at+step)]
		p := append([]byte(nil), f[:ethernet+header]...)
		ip := p[ethernet:]
		binary.BigEndian.PutUint16(ip[2:], uint16(header+len(chunk)))
		binary.BigEndian.PutUint16(ip[4:], id)
		flags := uint16(at / 8)
		if at+step < len(body) {
			flags |= 0x2000
		}
		binary.BigEndian.PutUint16(ip[6:], flags)
		binary.BigEndian.PutUint16(ip[10:], 0)
		binary.BigEndian.PutUint16(ip[10:], checksum(ip))
		out = append(out, append(p, chunk...))
	}
	return out
}

func fragment6(f []byte, size int) [][]byte {
	const header = 40
	total := header + int(binary.BigEndian.Uint16(f[ethernet+4:]))
	next := f[ethernet+6]
	if total <= size || total > len(f)-ethernet || next != 6 {
		return nil
	}
	body := f[ethernet+header : ethernet+total]
	step := (size - header - 8) &^ 7
	var out [][]byte
	for at := 0; at < len(body); at += step {
		chunk := body[at:min(len(body), at+step)]
		p := append([]byte(nil), f[:ethernet+header]...)
		ip := p[ethernet:]
		ip[6] = 44
		binary.BigEndian.PutUint16(ip[4:], uint16(8+len(chunk)))
		p = append(p, next, 0)
		flags := uint16(at)
		if at+step < len(body) {
			flags |= 1
		}
		p = binary.BigEndian.AppendUint16(p, flags)
		p = append(p, body[4:8]...) // the sequence number is identification enough
		out = append(out, append(p, chunk...))
	}
	return out
}

// checksum is that of an IPv4 header (RFC 1071).
func checksum(h []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(h); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
