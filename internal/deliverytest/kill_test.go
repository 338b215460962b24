//go:build linux

package deliverytest

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cleartap/output/spool"
)

// A live sensor with four outputs is killed at random moments, some of them during its
// start, while logins go on. Every alert that was on disk when it died arrives at each
// output: once in Elasticsearch, by _id, at the others by event.id. Short: 20 kills,
// 2,000 alerts; with CLEARTAP_PROVE 200 kills, 20,000 alerts.
func TestKilledSensorLosesNothing(t *testing.T) {
	kills, least := 20, 2000
	if prove() {
		kills, least = 200, 20_000
	}
	c, m := newCluster(t), newMail(t)
	rs, ng, syslogFlags := newReceivers(t)
	q, kafkaFlags := newQueue(t)
	dir := filepath.Join(t.TempDir(), "spool")
	args := append([]string{"--spool", dir}, c.flags(t)...)
	args = append(append(args, syslogFlags...), kafkaFlags...)
	found := &onDisk{dir: dir, ids: map[string]int{}}
	logins := m.flow(500)
	var lives []life
	for len(lives) < kills || len(found.ids) < least {
		l := life{}
		s := launch(t, m, args...)
		if wait := time.Duration(rand.IntN(900)) * time.Millisecond; rand.IntN(8) == 0 {
			time.Sleep(wait / 8) // somewhere in its start
		} else {
			s.ready()
			l.from = time.Now()
			time.Sleep(wait)
		}
		l.to = time.Now()
		s.kill()
		found.look(t)
		lives = append(lives, l)
	}
	spans := logins.end(t)
	s := launch(t, m, args...).ready()
	s.keepsNothing()
	s.until("all to be delivered", func() bool { return found.look(t) == 0 })
	s.stop()
	found.look(t)
	late, of := found.late(spans, lives)
	t.Logf("%d kills, %d alerts on disk; of %d logins seen by a sensor %d were not on disk yet when it died, the oldest %v old", len(lives), len(found.ids), of, late.count, late.oldest.Round(time.Millisecond))
	if prove() && late.oldest > 5*time.Second { // a busy machine says little
		t.Errorf("a login was %v old and not on disk", late.oldest)
	}
	noSecretInFolder(t, dir)
	if _, docs, err := c.Raw("POST", "/"+stream+"/_search?size=10000", nil); err != nil || len(docs) < 100_000 {
		t.Errorf("%d bytes of documents, %v", len(docs), err)
	} else {
		noSecret(t, "a document", docs)
	}
	for name, counts := range map[string]func(*testing.T) map[string]int{"Elasticsearch": c.counts, "rsyslog by TLS": rs.counts, "syslog-ng by TCP": ng.counts, "Kafka": q.counts} {
		got, lost, twice, copies := counts(t), 0, 0, 0
		for id := range found.ids {
			if got[id] == 0 {
				lost++
			}
		}
		for _, n := range got {
			copies += n
			if n > 1 {
				twice++
			}
		}
		t.Logf("%s: %d alerts, %d lost, %d documents, %d ids more than once", name, len(found.ids), lost, copies, twice)
		if lost > 0 || len(got) < len(found.ids) || name == "Elasticsearch" && twice > 0 {
			t.Errorf("%s: %d lost, %d twice", name, lost, twice)
		}
	}
}

// life is from when to when a sensor listened; from is zero if it did not.
type life struct{ from, to time.Time }

// onDisk is what was found in the spool when no sensor ran, by event.id.
type onDisk struct {
	dir  string
	next uint64         // number of the record to read next
	ids  map[string]int // the number of the login
}

// look reads what is new, and gives how many records still wait for an output.
func (o *onDisk) look(t *testing.T) (waiting int) {
	t.Helper()
	if _, err := os.Stat(o.dir); errors.Is(err, fs.ErrNotExist) {
		return 0 // the first sensor died before it was made
	}
	err := spool.Dump(o.dir, o.next, func(r spool.Record) error {
		o.next = r.Seq + 1
		var a struct {
			Event struct{ ID, Kind string }
			User  struct{ Name string }
		}
		if err := json.Unmarshal(r.Payload, &a); err != nil {
			t.Errorf("record %d is no document", r.Seq)
			return nil
		}
		if a.Event.Kind == "alert" {
			o.ids[a.Event.ID] = numberOf(a.User.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := spool.Verify(o.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Readers {
		if waiting += p.Waiting; p.Dead > 0 {
			t.Fatalf("%s refused %d alerts", p.Name, p.Dead)
		}
	}
	if report.Damaged > 0 {
		t.Fatalf("%d records are damaged", report.Damaged)
	}
	return waiting
}

// numberOf reads the number out of a name, -1 if it is none of ours.
func numberOf(name string) int {
	n := 0
	if len(name) != len(user(0)) {
		return -1
	}
	for _, c := range name[1:7] {
		n = n*10 + int(c-'0')
	}
	return n
}

// lateness is what was not on disk yet.
type lateness struct {
	count  int
	oldest time.Duration
}

// late holds logins that began and ended while a sensor listened against the disk.
func (o *onDisk) late(spans []span, lives []life) (l lateness, of int) {
	there := make([]bool, len(spans)+1)
	for _, i := range o.ids {
		if i >= 0 && i < len(spans) {
			there[i] = true
		}
	}
	for i, s := range spans {
		for _, v := range lives {
			if v.from.IsZero() || s.ended.IsZero() || s.begun.Before(v.from) || s.ended.After(v.to) {
				continue
			}
			of++
			if !there[i] {
				l.count++
				l.oldest = max(l.oldest, v.to.Sub(s.ended))
			}
		}
	}
	return l, of
}

// noSecretInFolder looks for passwords in all files of a folder.
func noSecretInFolder(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		noSecret(t, path, text)
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files of %s: %v", files, dir, err)
	}
}
