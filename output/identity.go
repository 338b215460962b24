package output

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // community id v1 is defined over SHA-1; it protects nothing
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// appendCommunityID appends the community id v1 (corelight/community-id-spec) of
// a TCP connection, seed 0. It is the same for both directions.
func appendCommunityID(dst []byte, a, b netip.AddrPort) []byte {
	if later(a, b) {
		a, b = b, a
	}
	var buf [2 + 2*16 + 2 + 2*2]byte
	in := appendIP(buf[:2], a.Addr())
	in = appendIP(in, b.Addr())
	in = append(in, 6, 0) // protocol TCP, padding
	in = binary.BigEndian.AppendUint16(in, a.Port())
	in = binary.BigEndian.AppendUint16(in, b.Port())
	sum := sha1.Sum(in) //nolint:gosec // see the import
	dst = append(dst, "1:"...)
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// later reports whether endpoint a comes after b in the order of the bytes on the wire.
func later(a, b netip.AddrPort) bool {
	var x, y [16]byte
	c := bytes.Compare(appendIP(x[:0], a.Addr()), appendIP(y[:0], b.Addr()))
	return c > 0 || c == 0 && a.Port() > b.Port()
}

// appendIP appends the 4 or 16 bytes of an address; a mapped IPv4 address has 4.
func appendIP(dst []byte, a netip.Addr) []byte {
	if a.Is4() || a.Is4In6() {
		b := a.As4()
		return append(dst, b[:]...)
	}
	b := a.As16()
	return append(dst, b[:]...)
}

// eventID is what makes two alerts the same event: the same attempt read twice
// has the same id. Nothing of a secret goes in. The client is the text that the
// alert shows of it: an id over an address that the policy hides would give it
// away to anyone who tries them all.
type eventID struct {
	sensor string // observer.name, live
	client string
	server string
	what   string // mechanism; the rule id where there is none
	micros int64  // packet time of the end of the secret
	seq    uint32 // its sequence number

	clientPort, serverPort uint16
}

// idOf is the id of a digest: its first 130 bits in base32 (RFC 4648, section 6).
func idOf(sum [sha256.Size]byte) string { return string(appendID(nil, &sum)) }

// appendID appends the id of a digest.
func appendID(dst []byte, sum *[sha256.Size]byte) []byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	for p := sum[:15]; len(p) > 0; p = p[5:] {
		v := uint64(p[0])<<32 | uint64(binary.BigEndian.Uint32(p[1:]))
		dst = append(dst, digits[v>>35], digits[v>>30&31], digits[v>>25&31], digits[v>>20&31], digits[v>>15&31], digits[v>>10&31], digits[v>>5&31], digits[v&31])
	}
	return append(dst, digits[sum[15]>>3], digits[sum[15]<<2&31|sum[16]>>6])
}

// appendTo appends base32(SHA-256(...))[:26]: 130 bits of it.
func (id *eventID) appendTo(dst []byte) []byte {
	var buf [320]byte
	in := append(buf[:0], "v1"...)
	for _, s := range [...]string{id.sensor, "tcp", id.client, id.server, id.what} {
		in = append(in, 0)
		in = append(in, s...)
	}
	in = append(in, 0)
	in = binary.BigEndian.AppendUint16(in, id.clientPort)
	in = binary.BigEndian.AppendUint16(in, id.serverPort)
	in = binary.BigEndian.AppendUint64(in, uint64(id.micros))
	in = binary.BigEndian.AppendUint32(in, id.seq)
	sum := sha256.Sum256(in)
	return appendID(dst, &sum)
}
