package spool

import (
	"errors"
	"fmt"
	"time"
)

// OnFull says what happens to an alert when the spool has reached its size.
type OnFull uint8

// DropNewest refuses what comes, so that the beginning of an incident stays.
// DropOldest gives up the oldest segment, so that the end of it stays.
const (
	DropNewest OnFull = iota
	DropOldest
)

// String is the word of the configuration.
func (f OnFull) String() string {
	if f == DropOldest {
		return "drop_oldest"
	}
	return "drop_newest"
}

// ParseOnFull reads the word of the configuration.
func ParseOnFull(word string) (OnFull, error) {
	switch word {
	case "", "drop_newest":
		return DropNewest, nil
	case "drop_oldest":
		return DropOldest, nil
	}
	return 0, fmt.Errorf("on_full %q: want drop_newest or drop_oldest", word)
}

// Config is how a spool is kept. The zero value of each field but Dir is its default.
type Config struct {
	Dir     string   // the folder; its parent must exist
	Readers []string // the sinks: nothing is deleted before each of them has had it
	// MaxBytes is the most that segments may take on disk; 1 GiB by default, at
	// least 1 MiB. Damaged pieces that were set aside and dead letters have limits
	// of their own: a tenth of MaxBytes at most 64 MiB, and 8 MiB for each reader.
	MaxBytes     int64
	SegmentBytes int64 // size of a segment; 8 MiB by default, or a sixteenth of MaxBytes when that is less
	OnFull       OnFull
	SyncEvery    time.Duration // the longest that a record waits for its fsync; 50 ms by default
	SyncRecords  int           // so many waiting records are synced at once; 256 by default
	QueueRecords int           // the most records that wait in memory; 16384 by default
	QueueBytes   int64         // the most bytes that wait in memory; 16 MiB by default
	// Event is told what an operator should know. It is called by one goroutine at
	// a time, never on the one that appends; while it runs nothing is written, so it
	// must not wait for the spool. Nil: nobody is told, Stats still counts.
	Event func(Event)

	patience time.Duration // a reader's pause before it reads a bad place again doubles from here
}

const (
	block       = 4096 // what a file system gives out at least
	keepEvery   = 100 * time.Millisecond
	reportEvery = time.Second
	retryFirst  = 100 * time.Millisecond
	retryLast   = 5 * time.Second
)

func (c Config) withDefaults() Config {
	c.MaxBytes = orDefault(c.MaxBytes, 1<<30)
	c.SegmentBytes = orDefault(c.SegmentBytes, max(64<<10, min(8<<20, c.MaxBytes/16)))
	c.SyncEvery = orDefault(c.SyncEvery, 50*time.Millisecond)
	c.SyncRecords = orDefault(c.SyncRecords, 256)
	c.QueueRecords = orDefault(c.QueueRecords, 16384)
	c.QueueBytes = orDefault(c.QueueBytes, 16<<20)
	c.patience = orDefault(c.patience, 20*time.Millisecond)
	return c
}

func orDefault[T int | int64 | time.Duration](v, unset T) T {
	if v == 0 {
		return unset
	}
	return v
}

// Validate names everything that is wrong with the configuration. Zero values are right.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("spool: "+format, args...))
		}
	}
	check(c.Dir != "", "dir: a folder is needed")
	check(c.MaxBytes >= 1<<20, "max_size %d: at least 1 MiB is needed", c.MaxBytes)
	check(c.SegmentBytes >= block && c.SegmentBytes <= c.MaxBytes/4, "segment size %d: want %d to a quarter of max_size", c.SegmentBytes, block)
	check(c.SyncEvery > 0 && c.SyncEvery <= 10*time.Second, "sync %s: want more than 0, at most 10s", c.SyncEvery)
	check(c.SyncRecords > 0, "records between syncs %d: want 1 or more", c.SyncRecords)
	check(c.QueueRecords > 0 && c.QueueBytes > 0, "queue: want 1 record and 1 byte or more")
	check(c.OnFull <= DropOldest, "on_full: want drop_newest or drop_oldest")
	for _, name := range c.Readers {
		if err := checkName(name); err != nil {
			errs = append(errs, fmt.Errorf("spool: %w", err))
		}
	}
	return errors.Join(errs...)
}

// quarantineBytes is the most that copies of damaged pieces may take.
func (c Config) quarantineBytes() int64 { return min(64<<20, c.MaxBytes/10) }

// reserve is what of n is kept for urgent records: 5 %.
func reserve(n int64) int64 { return n / 20 }
