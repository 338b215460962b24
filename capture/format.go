package capture

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// format is what the first bytes of a file say that it is.
type format uint8

const (
	formatUnknown format = iota
	formatPcap
	formatPcapng
	formatGzip
	formatZstd
)

const (
	// sniffLength is how many bytes tell the format of a capture.
	sniffLength = 16
	// textLength is how many bytes must be text for a file to be called so.
	textLength = 512
)

// packed reports whether the format is one that compresses others.
func (f format) packed() bool { return f == formatGzip || f == formatZstd }

func (f format) String() string {
	switch f {
	case formatPcap:
		return "pcap"
	case formatPcapng:
		return "pcapng"
	case formatGzip:
		return "gzip"
	case formatZstd:
		return "zstd"
	default:
		return "unknown"
	}
}

// sniff tells the format by the first bytes, never by a name.
func sniff(head []byte) format {
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}) { // RFC 1952: two magic bytes, and the only method there is
		return formatGzip
	}
	if len(head) < 4 {
		return formatUnknown
	}
	magic := binary.LittleEndian.Uint32(head)
	switch magic {
	case pcapMicro, pcapNano, pcapModified:
		return formatPcap
	case blockSection:
		return formatPcapng
	case 0xfd2fb528:
		return formatZstd
	}
	switch bits.ReverseBytes32(magic) {
	case pcapMicro, pcapNano, pcapModified:
		return formatPcap
	}
	if magic&^0xf == 0x184d2a50 { // RFC 8878, section 3.1.2: a skippable frame, as pzstd begins with
		return formatZstd
	}
	return formatUnknown
}

// foreign is a format that is recognised in order to say what to do about it.
type foreign struct {
	magic string
	name  string
	cure  string
}

const (
	cureConvert = "convert it with: editcap -F pcap IN OUT"
	cureKnown   = "cleartap reads pcap and pcapng, plain or in gzip or zstd"
)

func cureUnpack(tool string) string {
	return "decompress it: " + tool + " -dc FILE | cleartap scan -"
}

// cureJoined is the cure of what makes no sense at b because a file of the other format
// was appended there; empty if none was.
func cureJoined(b []byte, other format) string {
	if len(b) < 4 || sniff(b[:4]) != other {
		return ""
	}
	return "a " + other.String() + " file begins there: scan files of different formats apart"
}

// foreignFormat looks for a known beginning that is not read here.
func foreignFormat(head []byte) (foreign, bool) {
	for _, f := range [...]foreign{
		{"snoop\x00\x00\x00", "a snoop capture", cureConvert},
		{"\xfd7zXZ\x00", "compressed with xz", cureUnpack("xz")},
		{"BZh", "compressed with bzip2", cureUnpack("bzip2")},
		{"\x04\x22\x4d\x18", "compressed with lz4", cureUnpack("lz4")},
		{"\x1f\x9d", "compressed with compress", cureUnpack("gzip")},
		{"LZIP", "compressed with lzip", cureUnpack("lzip")},
		{"PK\x03\x04", "a zip archive", "unpack it first: unzip FILE"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first: 7z x FILE"},
		{"GMBU", "a Network Monitor capture", cureConvert},
		{"RTSS", "a Network Monitor capture", cureConvert},
		{"TRSNIFF data    \x1a", "a Sniffer capture", cureConvert},
		{"XCP\x00", "a NetXRay capture", cureConvert},
		{"iptrace 1.0", "an AIX iptrace capture", cureConvert},
		{"iptrace 2.0", "an AIX iptrace capture", cureConvert},
		{"\x1c\x00\x01\xac", "an IXIA capture", cureConvert},
		{"\xac\x01\x00\x1c", "an IXIA capture", cureConvert},
		{"\x1c\x00\x01\xab", "an IXIA capture", cureConvert},
		{"\xab\x01\x00\x1c", "an IXIA capture", cureConvert},
		{"\xa1\xb2\x34\xcd", "a pcap variant with other record headers", cureConvert},
		{"\xcd\x34\xb2\xa1", "a pcap variant with other record headers", cureConvert},
		{"\xa1\x2b\x3c\x4d", "a pcap variant with other record headers", cureConvert},
		{"\x4d\x3c\x2b\xa1", "a pcap variant with other record headers", cureConvert},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f, true
		}
	}
	return foreign{}, false
}

// notCapture says what a file is, whose first bytes are head (all of them, if
// there are fewer than textLength), since it is no capture.
func notCapture(head []byte) (kind Kind, reason, cure string) {
	if f, ok := foreignFormat(head); ok {
		return Unsupported, f.name + ", which is not read here", f.cure
	}
	switch {
	case len(head) == 0:
		return NotCapture, "the file is empty", ""
	case isText(head):
		return NotCapture, "text, not a capture", cureKnown
	case len(head) < sniffLength:
		return NotCapture, "too short to be a capture", cureKnown
	}
	return NotCapture, "not a capture", cureKnown
}

// isText reports whether b could be the beginning of a text in UTF-8.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b {
			return false
		}
		b = b[n:]
	}
	return true
}
