package spool

import (
	"encoding/json"
	"time"
)

const (
	deadFolder = "dead"
	deadSuffix = ".jsonl"
	deadBytes  = 4 << 20   // when a file of dead letters has this size, it becomes the older one
	deadWaits  = 256 << 10 // bytes of dead letters that wait for the disk
)

// DeadLetter notes that a sink refused a record for good: the event id, the
// status, and the type of error. Nothing else is kept, for the texts of
// servers quote values; of each what is no letter, digit or one of ._:- is
// left out. It is on disk before the cursor passes the record.
func (r *Reader) DeadLetter(id, status, kind string) {
	p, err := json.Marshal(Letter{time.Now().UTC().Truncate(time.Millisecond), plainWord(id), plainWord(status), plainWord(kind)})
	if err != nil {
		return // strings and a time can always be written
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.letters++
	if len(r.dead)+len(p) < deadWaits {
		r.dead = append(append(r.dead, p...), '\n')
	}
	r.s.nudge()
}

// Letter is one line of a file of dead letters.
type Letter struct {
	Time   time.Time `json:"time"`
	ID     string    `json:"event.id"`
	Status string    `json:"status"`
	Kind   string    `json:"error.type"`
}

func plainWord(s string) string {
	const longest = 96
	out := make([]byte, 0, min(len(s), longest))
	for _, c := range []byte(s) {
		if len(out) == longest {
			break
		}
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-' || c == ':' {
			out = append(out, c)
		}
	}
	return string(out)
}

func deadName(reader string) string  { return deadFolder + "/" + reader + deadSuffix }
func olderName(reader string) string { return deadFolder + "/" + reader + ".1" + deadSuffix }

// keepDead brings dead letters of a reader to disk, the first that wait.
func (s *Spool) keepDead(r *position, lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if err := s.appendDead(r.name, lines); err != nil {
		return err
	}
	s.mu.Lock()
	r.dead = append([]byte(nil), r.dead[len(lines):]...)
	s.mu.Unlock()
	return nil
}

func (s *Spool) appendDead(reader string, lines []byte) error {
	if err := s.dir.mkdir(deadFolder); err != nil {
		return err
	}
	name := deadName(reader)
	f, err := s.dir.edit(name)
	if isMissing(err) {
		f, err = s.dir.create(name)
	}
	if err != nil {
		return err
	}
	size, err := f.size()
	if err == nil && size > 0 {
		lines = append([]byte{'\n'}, lines...) // a crash may have cut the last line; an empty one does no harm
	}
	if err == nil {
		_, err = f.WriteAt(lines, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil && size+int64(len(lines)) > deadBytes {
		delete(s.out.named, reader)
		err = s.dir.rename(name, olderName(reader))
	}
	if err == nil && !s.out.named[reader] { // once, lest the name be lost in a crash
		if err = s.dir.syncDir(deadFolder); err == nil {
			s.out.named[reader] = true
		}
	}
	return err
}
