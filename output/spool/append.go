package spool

import (
	"slices"
	"time"
)

// batch holds records one behind the other, as they go to disk.
type batch struct {
	buf  []byte
	ends []int // where each record ends in buf
}

func (b *batch) add(payload []byte, flags uint8, spool uint32, at int64) {
	b.buf = frame(b.buf, payload, flags, spool, at)
	b.ends = append(b.ends, len(b.buf))
}

// keepRoom is the most memory that an empty batch keeps for the next records, in bytes.
const keepRoom = 4 << 20

func (b *batch) reset() {
	if cap(b.buf) > keepRoom {
		b.buf, b.ends = nil, nil
	}
	b.buf, b.ends = b.buf[:0], b.ends[:0]
}

// cut is how many records from the one at index from end within room bytes; one at least.
func (b *batch) cut(from int, room int64) int {
	start := b.start(from)
	n, _ := slices.BinarySearchFunc(b.ends[from:], room, func(end int, room int64) int {
		if int64(end-start) <= room {
			return -1
		}
		return 1
	})
	return max(1, n)
}

func (b *batch) start(i int) int {
	if i == 0 {
		return 0
	}
	return b.ends[i-1]
}

// Append hands over an alert; urgent ones may use the last 5 % of every bound.
// It copies payload, waits for nothing, and says whether the alert was
// accepted; one that was not is counted in Stats by its reason. An accepted
// alert survives a crash once Committed has reached it, 50 ms later by default.
func (s *Spool) Append(payload []byte, urgent bool) bool {
	now := time.Now()
	size := int64(recordHeader + len(payload))
	s.mu.Lock()
	defer s.mu.Unlock()
	if why, ok := s.admit(size, len(payload), urgent); !ok {
		if s.stats.Lost == s.told {
			s.nudge() // to have it reported
		}
		s.stats.Lost[why]++
		return false
	}
	var flags uint8
	if urgent {
		flags = flagUrgent
	}
	s.queue.add(payload, flags, s.id, now.UnixMilli())
	s.waiting++
	s.waitBytes += size
	s.stats.Accepted++
	switch n := len(s.queue.ends); {
	case n == 1:
		s.since = now
		s.nudge()
	case n == s.cfg.SyncRecords:
		s.nudge()
	}
	return true
}

// admit says whether there is room for a record of size bytes, and if not, why.
func (s *Spool) admit(size int64, payload int, urgent bool) (Loss, bool) {
	records, bytes, disk := s.cfg.QueueRecords, s.cfg.QueueBytes, s.cfg.MaxBytes
	if !urgent {
		records -= int(reserve(int64(records)))
		bytes -= reserve(bytes)
		disk -= reserve(disk)
	}
	switch {
	case s.closing:
		return LostClosed, false
	case payload > MaxPayload:
		return LostTooLong, false
	case s.waiting+1 > records || s.waitBytes+size > bytes && s.waiting > 0:
		if s.failing {
			return LostDisk, false
		}
		return LostQueue, false
	case s.cfg.OnFull == DropNewest && s.used()+s.toCome(size) > disk:
		return LostFull, false
	}
	return 0, true
}

// used is what the segments take on disk, in bytes. s.mu is held.
func (s *Spool) used() int64 { return s.stats.Bytes }

// toCome is what the waiting records and one more may take at most. s.mu is held.
func (s *Spool) toCome(size int64) int64 {
	bytes := s.waitBytes + size
	return bytes + (2+bytes/s.cfg.SegmentBytes)*(block+segmentHeader)
}

// onDisk is what a file of that size takes.
func onDisk(size int64) int64 { return (size + block - 1) / block * block }
