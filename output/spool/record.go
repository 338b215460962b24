package spool

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// The format, version 1. Numbers are little-endian, sums are CRC-32C.
//
// A segment begins with 48 bytes that keep their place in every later version,
// so that an older cleartap can tell a newer file from a damaged one:
//
//	0 "CTSPOOL\n"  8 version(2)  10 flags(2)  12 spool(4)  16 first(8)  24 previous(8)  32 made(8)  40 mark(4)  44 sum of 0-43
//
// first is the sequence number of its first record, previous the last one
// before it. Flag 1: when the segment was begun, all of the one before it was
// on disk; what is missing there was damaged later. mark is a random number: two
// files with the same one are copies, while two with the same records and
// different ones were written twice, since the disk refused the first.
//
// A record is 40 bytes and its payload:
//
//	0 magic(4)  4 version(1)  5 flags(1)  6 behind(2)  8 length(4)  12 spool(4)  16 sequence(8)  24 time(8)
//	32 sum of 0-31  36 sum of 0-35 and payload  40 payload
//
// behind is how far the sequence number was ahead of the last one committed
// when the record was written: it tells a batch that a crash tore from one that
// was damaged later. 65535 stands for more. The sum of the header alone lets a
// false magic be passed over without reading a payload that does not exist.
const (
	formatVersion = 1
	segmentMagic  = "CTSPOOL\n"
	segmentHeader = 48
	recordMagic   = "\xffCT\xfe" // 0xff and 0xfe are never part of UTF-8, so no JSON holds it
	recordHeader  = 40
	maxSequence   = 1 << 62 // no record is believed that claims more

	flagUrgent  = 1 // high or critical
	flagCarried = 2 // written again when its segment was given up (DropOldest)
	flagEnd     = 4 // no alert: the spool was closed, and all up to this number was committed

	flagFollows = 1 // of a segment
)

// MaxPayload is the longest payload of a record, in bytes. Alerts have a
// thousand or so.
const MaxPayload = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(parts ...[]byte) uint32 {
	var c uint32
	for _, p := range parts {
		c = crc32.Update(c, castagnoli, p)
	}
	return c
}

// Record is one alert as a reader gets it.
type Record struct {
	Seq     uint64    // counts up from 1, never used twice
	Time    time.Time // when it was appended, to the millisecond
	Urgent  bool
	Payload []byte // the reader's own
}

// header is the head of a record.
type header struct {
	flags  uint8
	behind uint16
	length uint32
	spool  uint32
	seq    uint64
	time   int64 // milliseconds since 1970
	crc    uint32
}

// size is that of the record with its payload.
func (h *header) size() int64 { return recordHeader + int64(h.length) }

// proves is the sequence number up to which all was committed when the record was written.
func (h *header) proves() uint64 {
	if h.behind == 0xffff || uint64(h.behind) > h.seq {
		return 0
	}
	return h.seq - uint64(h.behind)
}

// frame appends a record without sequence number and sums, which stamp adds.
func frame(dst, payload []byte, flags uint8, spool uint32, now int64) []byte {
	var h [recordHeader]byte
	copy(h[:], recordMagic)
	h[4], h[5] = formatVersion, flags
	binary.LittleEndian.PutUint32(h[8:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(h[12:], spool)
	binary.LittleEndian.PutUint64(h[24:], uint64(now))
	return append(append(dst, h[:]...), payload...)
}

// stamp completes the record that is rec.
func stamp(rec []byte, seq, committed uint64) {
	binary.LittleEndian.PutUint16(rec[6:], uint16(min(seq-committed, 0xffff)))
	binary.LittleEndian.PutUint64(rec[16:], seq)
	binary.LittleEndian.PutUint32(rec[32:], sum(rec[:32]))
	binary.LittleEndian.PutUint32(rec[36:], sum(rec[:36], rec[recordHeader:]))
}

// parseHeader reads the head of a record; p has recordHeader bytes. False: it is none.
func parseHeader(p []byte) (h header, ok bool) {
	if string(p[:4]) != recordMagic || p[4] != formatVersion || binary.LittleEndian.Uint32(p[32:]) != sum(p[:32]) {
		return h, false
	}
	h = header{
		flags:  p[5],
		behind: binary.LittleEndian.Uint16(p[6:]),
		length: binary.LittleEndian.Uint32(p[8:]),
		spool:  binary.LittleEndian.Uint32(p[12:]),
		seq:    binary.LittleEndian.Uint64(p[16:]),
		time:   int64(binary.LittleEndian.Uint64(p[24:])),
		crc:    binary.LittleEndian.Uint32(p[36:]),
	}
	return h, h.length <= MaxPayload && h.seq > 0 && h.seq < maxSequence
}

// intact says whether rec, head and payload, is as it was written.
func (h *header) intact(rec []byte) bool { return h.crc == sum(rec[:36], rec[recordHeader:]) }

// segmentHead is the head of a segment.
type segmentHead struct {
	version         uint16
	flags           uint16
	spool           uint32
	first, previous uint64
	made            int64
	mark            uint32
}

func (h segmentHead) encode() []byte {
	p := make([]byte, segmentHeader)
	copy(p, segmentMagic)
	binary.LittleEndian.PutUint16(p[8:], h.version)
	binary.LittleEndian.PutUint16(p[10:], h.flags)
	binary.LittleEndian.PutUint32(p[12:], h.spool)
	binary.LittleEndian.PutUint64(p[16:], h.first)
	binary.LittleEndian.PutUint64(p[24:], h.previous)
	binary.LittleEndian.PutUint64(p[32:], uint64(h.made))
	binary.LittleEndian.PutUint32(p[40:], h.mark)
	binary.LittleEndian.PutUint32(p[44:], sum(p[:44]))
	return p
}

// parseSegmentHead reads the head of a segment of any version; false: it is none.
func parseSegmentHead(p []byte) (h segmentHead, ok bool) {
	if len(p) < segmentHeader || string(p[:8]) != segmentMagic || binary.LittleEndian.Uint32(p[44:]) != sum(p[:44]) {
		return h, false
	}
	return segmentHead{
		version:  binary.LittleEndian.Uint16(p[8:]),
		flags:    binary.LittleEndian.Uint16(p[10:]),
		spool:    binary.LittleEndian.Uint32(p[12:]),
		first:    binary.LittleEndian.Uint64(p[16:]),
		previous: binary.LittleEndian.Uint64(p[24:]),
		made:     int64(binary.LittleEndian.Uint64(p[32:])),
		mark:     binary.LittleEndian.Uint32(p[40:]),
	}, true
}
