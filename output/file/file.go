// Package file writes records into a file of its own, one on a line. Its one job is
// to append; its invariant: a record is acknowledged when its whole line is on the
// disk, a reader never sees a line that will not be finished, and nothing is
// written into what somebody else put in the file's place.
package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"cleartap/output"
)

// Format is the shape of a line.
type Format uint8

// The formats. JSONL is the zero value.
const (
	JSONL Format = iota // the alert as it is
	CSV                 // comma-separated values below a line of names
	EVE                 // Suricata's EVE
	OCSF                // a Detection Finding of OCSF
)

var names = [...]string{"jsonl", "csv", "eve", "ocsf"}

// Names lists the formats by name.
func Names() []string { return slices.Clone(names[:]) }

// String is the name of the format.
func (f Format) String() string {
	if int(f) < len(names) {
		return names[f]
	}
	return "unknown"
}

// ParseFormat finds a format by its name.
func ParseFormat(name string) (Format, error) {
	i := slices.Index(names[:], name)
	if i < 0 {
		return 0, fmt.Errorf("%q: want %s or %s", name, strings.Join(names[:len(names)-1], ", "), names[len(names)-1])
	}
	return Format(i), nil
}

// Config is where and how to write.
type Config struct {
	Path   string
	Format Format
	Health bool          // health records too; with JSONL
	Size   int64         // bytes from which a file is begun anew; 0: any size
	Every  time.Duration // period after which a file is begun anew, from midnight on; 0: never
	Keep   int           // how many old files stay: NAME.1 is the latest
}

// Validate tells all that is wrong, with the name of the setting in front.
func (c *Config) Validate() []error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("path: nothing given: want the name of a file"))
	} else if strings.HasSuffix(c.Path, "/") {
		errs = append(errs, fmt.Errorf("path: %q is a folder: want the name of a file", c.Path))
	}
	if c.Size != 0 && c.Size < 4096 {
		errs = append(errs, fmt.Errorf("rotate.size: %d bytes: want at least 4096, or 0 for never", c.Size))
	}
	if c.Every != 0 && (c.Every < time.Minute || c.Every > 366*24*time.Hour) {
		errs = append(errs, fmt.Errorf("rotate.every: %v: want 1m to 8784h, or 0 for never", c.Every))
	}
	if c.Keep < 0 || c.Keep > 10000 {
		errs = append(errs, fmt.Errorf("rotate.keep: %d: want a number from 0 to 10000", c.Keep))
	}
	return errs
}

// Sink writes records into a file. It is an output.Sink.
type Sink struct {
	cfg Config
	now func() time.Time

	mu     sync.Mutex
	dir    *os.Root // nil until it was opened
	name   string
	f      *os.File // nil when there is none
	stat   os.FileInfo
	size   int64
	period int64
	lines  encoder
}

var _ output.Sink = (*Sink)(nil)

// New makes a sink. The file is opened by Open, or by the first Send.
func New(c Config) (*Sink, error) {
	if errs := c.Validate(); len(errs) > 0 {
		return nil, errs[0]
	}
	return &Sink{cfg: c, now: time.Now, lines: encoder{cfg: &c}}, nil
}

// Open opens the file now, so that what is wrong with it is known early. That it is
// written by another sink is no fault yet: that one may be about to close. The error
// is an *output.Fault.
func (s *Sink) Open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil && !errors.Is(err, errInUse) {
		return s.fault(err)
	}
	return nil
}

// Reopen lets go of the file: the next record goes into one of the same name, which
// is made if it was moved away.
func (s *Sink) Reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letGo()
}

// Send implements output.Sink. Records are done when they are on the disk.
func (s *Sink) Send(_ context.Context, records []output.Record) ([]output.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verdicts := make([]output.Verdict, len(records))
	if err := s.write(records, verdicts); err != nil {
		f := s.fault(err)
		for i := range verdicts {
			if verdicts[i].Outcome == output.Done || verdicts[i].Outcome == output.Dead {
				continue
			}
			verdicts[i] = output.Verdict{Outcome: output.Retry, Status: "not_written", Kind: "file"}
			if f.Hold {
				verdicts[i].Outcome = output.Hold
			}
		}
		return verdicts, f
	}
	return verdicts, nil
}

// write writes records, and begins a new file where it is time. Verdicts are set of
// what is on the disk, and of what never will be.
func (s *Sink) write(records []output.Record, verdicts []output.Verdict) error {
	for at := 0; at < len(records); {
		if err := s.ready(); err != nil {
			return err
		}
		begin := at
		s.lines.begin(s.size == 0)
		for at < len(records) && (at == begin || s.cfg.Size == 0 || s.size+int64(s.lines.buf.Len()) < s.cfg.Size) {
			if !s.lines.add(&records[at]) {
				verdicts[at] = output.Verdict{Outcome: output.Dead, Status: "unreadable", Kind: "no_document"}
			}
			at++
		}
		if err := s.append(s.lines.buf.Bytes()); err != nil {
			return err
		}
		for i := begin; i < at; i++ {
			if verdicts[i].Outcome != output.Dead {
				verdicts[i].Outcome = output.Done
			}
		}
	}
	return nil
}

// append puts whole lines on the disk. What could not be finished is taken back.
func (s *Sink) append(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := s.f.Write(b)
	if err == nil {
		err = s.f.Sync()
	}
	if err != nil {
		if n > 0 {
			_ = s.f.Truncate(s.size) // what cannot be taken back is mended when the file is opened
		}
		s.letGo()
		return err
	}
	s.size += int64(n)
	return nil
}

func (s *Sink) letGo() {
	if s.f != nil {
		_ = s.f.Close() // what counts was synced
		s.f = nil
	}
}

// Close implements output.Sink.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letGo()
	if s.dir == nil {
		return nil
	}
	err := s.dir.Close()
	s.dir = nil
	return err
}
