package spool

import (
	"errors"
	"fmt"
	"io"
)

const (
	quarantineFolder = "quarantine"
	maxDamage        = 4096 // pieces that wait to be copied; those beyond it are counted only
	maxQuarantine    = 4096 // files in the quarantine
)

// damage is a piece of a segment of which a copy is to be kept.
type damage struct {
	segment  string
	from, to int64
}

// name is that of the copy. It has numbers only.
func (d damage) name() string {
	return fmt.Sprintf("%s/%s-%08x.bad", quarantineFolder, d.segment[:len(d.segment)-len(segmentSuffix)], d.from)
}

// quarantined counts what was set aside before.
func (s *Spool) quarantined() {
	entries, err := s.dir.list(quarantineFolder)
	if err != nil {
		return
	}
	for _, e := range entries {
		s.stats.QuarantineBytes += e.size
		s.stats.QuarantineFiles++
	}
}

// setAside copies damaged pieces, as long as there is room for them. Only the
// writing goroutine, or Open, calls it.
func (s *Spool) setAside() {
	s.mu.Lock()
	pieces := s.damage
	s.damage = nil
	s.mu.Unlock()
	for _, d := range pieces {
		n, err := s.copyPiece(d)
		s.mu.Lock()
		switch {
		case err != nil:
			s.stats.NotQuarantined++
		case n > 0:
			s.stats.QuarantineBytes += n
			s.stats.QuarantineFiles++
		}
		s.mu.Unlock()
	}
}

var errQuarantineFull = errors.New("the quarantine is full")

// copyPiece copies one piece; 0 when there is a copy already.
func (s *Spool) copyPiece(d damage) (int64, error) {
	if s.stats.QuarantineBytes+d.to-d.from > s.cfg.quarantineBytes() || s.stats.QuarantineFiles >= maxQuarantine { // written by this goroutine only
		return 0, errQuarantineFull
	}
	from, err := s.dir.open(d.segment)
	if err != nil {
		return 0, err
	}
	defer leave(from)
	if err := s.dir.mkdir(quarantineFolder); err != nil {
		return 0, err
	}
	to, err := s.dir.create(d.name())
	if isThere(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(to, io.NewSectionReader(from, d.from, d.to-d.from))
	if err == nil {
		err = to.Sync()
	}
	if cerr := to.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.dir.syncDir(quarantineFolder)
	}
	if err != nil {
		_ = s.dir.remove(d.name()) // half a copy
	}
	return n, err
}

// banish moves a file without any record into the quarantine, which costs no
// room on the disk. torn: it is what a crash has left of a batch.
func (s *Spool) banish(name string, bytes int64, torn bool) {
	err := s.dir.mkdir(quarantineFolder)
	if err == nil {
		err = s.dir.rename(name, s.freeName(quarantineFolder+"/"+name))
	}
	if err == nil {
		s.stats.QuarantineBytes += bytes
		s.stats.QuarantineFiles++
	}
	if torn {
		s.stats.Torn++
		s.say(Event{Kind: Torn, Segment: name, Bytes: bytes, Err: err})
		return
	}
	s.stats.Strange++
	s.say(Event{Kind: Banished, Segment: name, Bytes: bytes, Err: err})
}

// freeName is name, or if there is such a file, name with a number.
func (s *Spool) freeName(name string) string {
	for n := 0; n < 1000; n++ {
		try := name
		if n > 0 {
			try = fmt.Sprintf("%s.%d", name, n)
		}
		f, err := s.dir.open(try)
		if isMissing(err) {
			return try
		}
		if err == nil {
			leave(f)
		}
	}
	return name
}
