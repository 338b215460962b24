//go:build linux

package main

import (
	"encoding/binary"
	"net/netip"
	"sort"

	"cleartap/internal/lab"
)

// tuple names a connection.
type tuple struct{ client, server netip.AddrPort }

// tcp is a TCP segment as the recorder's own, simple reader finds it. It is only
// used to confirm what the recorder did; it shares no code with cleartap.
type tcp struct {
	tuple
	dir   lab.Dir
	seq   uint32
	syn   bool
	ack   bool
	bytes []byte
}

// segments reads the TCP segments of frames; fragments are joined first.
func segments(frames []lab.Frame) []tcp {
	var out []tcp
	parts := map[string][][]byte{}
	for _, f := range frames {
		ip := network(f.Data)
		if ip = whole(ip, parts); ip == nil {
			continue
		}
		if s, ok := segment(ip, f.Dir); ok {
			out = append(out, s)
		}
	}
	return out
}

// network is the IP packet in an Ethernet frame, with or without VLAN tags.
func network(f []byte) []byte {
	for at := 12; len(f) >= at+2; at += 4 {
		switch binary.BigEndian.Uint16(f[at:]) {
		case 0x8100, 0x88a8:
		case 0x0800, 0x86dd:
			return f[at+2:]
		default:
			return nil
		}
	}
	return nil
}

// whole gives the packet, or nil while fragments of it are missing.
func whole(ip []byte, parts map[string][][]byte) []byte {
	if len(ip) < 20 || (ip[0]>>4 == 6 && len(ip) < 48) {
		return nil
	}
	header, first := 20, ip[0]>>4 == 4
	if !first { // IPv6
		if ip[6] != 44 {
			return ip
		}
		header = 48
	} else if binary.BigEndian.Uint16(ip[6:])&0x3fff == 0 {
		return ip
	}
	offset := func(p []byte) (at int, more bool) {
		if first {
			v := binary.BigEndian.Uint16(p[6:])
			return int(v&0x1fff) * 8, v&0x2000 != 0
		}
		v := binary.BigEndian.Uint16(p[42:])
		return int(v &^ 7), v&1 != 0
	}
	key := string(ip[4:6]) + string(ip[12:20])
	if !first {
		key = string(ip[8:40]) + string(ip[44:48])
	}
	parts[key] = append(parts[key], append([]byte(nil), ip...))
	list := parts[key]
	sort.Slice(list, func(i, j int) bool { a, _ := offset(list[i]); b, _ := offset(list[j]); return a < b })
	joined := append([]byte(nil), list[0][:header]...)
	if !first {
		joined = append([]byte(nil), list[0][:40]...)
		joined[6] = list[0][40]
	}
	end := 0
	for i, p := range list {
		at, more := offset(p)
		if at < end {
			continue // twice
		}
		if at != end || (i == len(list)-1 && more) {
			return nil
		}
		body := p[header:length(p)]
		joined = append(joined, body...)
		end += len(body)
	}
	delete(parts, key)
	if first {
		binary.BigEndian.PutUint16(joined[2:], uint16(len(joined)))
		joined[6], joined[7] = 0, 0
	} else {
		binary.BigEndian.PutUint16(joined[4:], uint16(len(joined)-40))
	}
	return joined
}

// length is how long an IP packet says that it is.
func length(ip []byte) int {
	n := int(binary.BigEndian.Uint16(ip[2:]))
	if ip[0]>>4 == 6 {
		n = 40 + int(binary.BigEndian.Uint16(ip[4:]))
	}
	return min(n, len(ip))
}

func segment(ip []byte, d lab.Dir) (tcp, bool) {
	ip = ip[:length(ip)]
	var src, dst netip.Addr
	var t []byte
	switch {
	case ip[0]>>4 == 4 && ip[9] == 6:
		src, dst = netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20]))
		t = ip[int(ip[0]&15)*4:]
	case ip[0]>>4 == 6 && ip[6] == 6:
		src, dst = netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40]))
		t = ip[40:]
	}
	if len(t) < 20 {
		return tcp{}, false
	}
	s := tcp{dir: d, seq: binary.BigEndian.Uint32(t[4:]), syn: t[13]&2 != 0, ack: t[13]&16 != 0, bytes: t[int(t[12]>>4)*4:]}
	from := netip.AddrPortFrom(src, binary.BigEndian.Uint16(t))
	to := netip.AddrPortFrom(dst, binary.BigEndian.Uint16(t[2:]))
	s.tuple = tuple{from, to}
	if d == lab.ToClient {
		s.tuple = tuple{to, from}
	}
	return s, true
}

// connections are the tuples that clients opened, in order.
func connections(all []tcp) []tuple {
	var out []tuple
	seen := map[tuple]bool{}
	for _, s := range all {
		if s.syn && !s.ack && s.dir == lab.ToServer && !seen[s.tuple] {
			seen[s.tuple] = true
			out = append(out, s.tuple)
		}
	}
	return out
}

// stream is what was sent on a connection in one direction.
func stream(all []tcp, c tuple, d lab.Dir) string {
	var first uint32
	var known bool
	var out []byte
	have := []bool{}
	for _, s := range all {
		if s.tuple != c || s.dir != d {
			continue
		}
		if s.syn {
			first, known = s.seq+1, true
		}
		if !known || len(s.bytes) == 0 {
			continue
		}
		at := int(int32(s.seq - first))
		if at < 0 || at > 1<<24 {
			continue
		}
		for len(out) < at+len(s.bytes) {
			out, have = append(out, 0), append(have, false)
		}
		for i, b := range s.bytes {
			if !have[at+i] {
				out[at+i], have[at+i] = b, true
			}
		}
	}
	return string(out)
}
