package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/internal/config"
	"cleartap/internal/inventory"
	"cleartap/internal/sensor"
	"cleartap/output"
)

// station is the inside of a live sensor, from observations to a file of alerts.
type station struct {
	t   *testing.T
	dir string
	p   pipeline
	at  capture.Nanos
	n   uint32
}

var stationBegin = capture.Nanos(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano())

// newStation starts one whose files are in dir.
func newStation(t *testing.T, dir string) *station {
	t.Helper()
	file := filepath.Join(dir, "cleartap.yaml")
	text := fmt.Sprintf("sensor: {name: test}\nalerts: {suppress: 1h}\nspool: {dir: %[1]s/spool}\nsignals: {state: %[1]s/signals.state}\ninventory: {path: %[1]s/inventory.db, save: 1s}\n"+
		"outputs:\n  - {type: file, path: %[1]s/alerts.jsonl, health: false}\n", dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := config.Load(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &station{t: t, dir: dir, at: stationBegin}
	if err := s.p.configure(l, &streams{out: &bytes.Buffer{}, err: &bytes.Buffer{}}, &liveOpts{}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		s.p.across.begin(l, func(f *detectors.Finding) { s.p.pass(f, s.p.across.iface) }), s.p.remember(l),
		s.p.kept.begin(l, s.p.log, func(f *detectors.Finding) { s.p.pass(f, s.p.kept.iface) }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// observe makes an observation a second later.
func (s *station) observe(change func(*detectors.Observation)) {
	s.at += 1e9
	s.n++
	o := sensor.LiveObservation{Interface: "eth1", At: s.at}
	o.Protocol, o.Sides = "imap", 2
	o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(netip.MustParseAddr("10.1.0.7"), uint16(40000+s.n%20000)), netip.MustParseAddrPort("192.0.2.25:143")
	o.Mark = capture.Mark{Time: s.at, Seq: s.n}
	o.Decided = o.Mark
	change(&o.Observation)
	s.p.take(&o)
}

func (s *station) guess(n int) {
	for range n {
		s.observe(func(o *detectors.Observation) {
			o.Kind, o.Result = detectors.Login, detectors.Failure
			o.Attempt = detectors.Attempt{Command: detectors.LoginCommand, Mechanism: detectors.MechLogin, Class: detectors.Password, Identity: "victim", Secret: secret.Of(nil)}
		})
	}
}

// session is one of a client that is offered a login without TLS and leaves.
func (s *station) session() {
	s.observe(func(o *detectors.Observation) {
		o.Kind, o.Server = detectors.Greeting, &detectors.Server{Source: detectors.FromGreeting, Product: "Dovecot", Text: "Dovecot ready."}
	})
	s.observe(func(o *detectors.Observation) {
		o.Kind, o.Offer = detectors.Offered, &detectors.Offer{Source: detectors.FromCapability, StartTLS: true}
	})
	s.observe(func(o *detectors.Observation) {
		o.Kind, o.Summary = detectors.Ended, &detectors.Summary{Asked: true, TLS: true}
	})
}

// stop ends it as SIGTERM does.
func (s *station) stop() {
	s.p.rest()
	s.p.throttle.Close()
	s.p.kept.end()
	if err := s.p.close(); err != nil {
		s.t.Fatal(err)
	}
}

// alerts lists rules and states of what was told about attacks and servers.
func (s *station) alerts() (attacks, servers []string, ids map[string]bool) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "alerts.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	ids = map[string]bool{}
	for line := range bytes.Lines(data) {
		var a output.Alert
		if err := json.Unmarshal(line, &a); err != nil {
			s.t.Fatal(err)
		}
		if k := a.Cleartap.Attack; k.ID != "" {
			attacks = append(attacks, k.State+" "+a.Rule.ID+" "+a.User.Name)
			ids[k.ID] = true
		} else if strings.HasPrefix(a.Rule.ID, "CT-INV") {
			servers = append(servers, fmt.Sprintf("%s %s %s %d", a.Rule.ID, a.Event.Start[:10], a.Observer.Ingress.Interface.Name, a.Cleartap.Server.Sessions))
		}
	}
	return attacks, servers, ids
}

// An attack that is under way when the sensor stops goes on when it is started again:
// it is not told to begin a second time, and what is told has the same id.
func TestAttackOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	s := newStation(t, dir)
	s.guess(40)
	s.stop()
	at := s.at
	s = newStation(t, dir)
	s.at = at + 60e9
	s.guess(60)
	s.p.tick(time.Now().Add(2 * time.Hour))
	s.stop()
	attacks, _, ids := s.alerts()
	want := []string{"start CT-AUTH-001 victim", "growing CT-AUTH-001 victim", "ended CT-AUTH-001 victim"}
	if !slices.Equal(attacks, want) || len(ids) != 1 {
		t.Errorf("%d ids, %q, want %q", len(ids), attacks, want)
	}
}

// A sensor that is killed has written the state soon after the attack began.
func TestAttackOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	s := newStation(t, dir)
	s.guess(40)
	s.p.memory.written = time.Now().Add(-stateSoon)
	s.p.tick(time.Now())
	if err := <-s.p.memory.under; err != nil {
		t.Fatal(err)
	}
	at := s.at // killed: nothing else is written
	s.p.sinks.flush(s.p.log)
	s = newStation(t, dir)
	s.at = at
	s.guess(10)
	s.stop()
	if attacks, _, _ := s.alerts(); !slices.Equal(attacks, []string{"start CT-AUTH-001 victim"}) {
		t.Errorf("%q", attacks)
	}
}

// Without the state file an attack ends with the sensor.
func TestAttackEndsWithTheSensor(t *testing.T) {
	s := newStation(t, t.TempDir())
	s.p.memory.path = ""
	s.guess(40)
	s.stop()
	if attacks, _, _ := s.alerts(); !slices.Equal(attacks, []string{"start CT-AUTH-001 victim", "ended CT-AUTH-001 victim"}) {
		t.Errorf("%q", attacks)
	}
}

// A server is told at first sight, after three sessions as exposed and then once a day,
// over restarts: what was told is known, and counts go on.
func TestServersAreToldAtFirstSightAndDaily(t *testing.T) {
	dir := t.TempDir()
	s := newStation(t, dir)
	s.session()
	s.session()
	s.stop()
	at := s.at
	for _, later := range []time.Duration{time.Minute, time.Hour, 25 * time.Hour} {
		s = newStation(t, dir)
		s.at = at + capture.Nanos(later)
		s.session()
		s.session()
		s.stop()
	}
	_, servers, _ := s.alerts()
	want := []string{"CT-INV-002 2026-03-02 eth1 0", "CT-INV-001 2026-03-02 eth1 3", "CT-INV-001 2026-03-02 eth1 7"}
	if !slices.Equal(servers, want) {
		t.Errorf("%q, want %q", servers, want)
	}
}

// While a sensor runs its inventory can be read; what is read is what was saved.
func TestInventoryIsReadWhileTheSensorRuns(t *testing.T) {
	dir := t.TempDir()
	s := newStation(t, dir)
	for i := range 20 {
		s.session()
		s.p.tick(time.Now().Add(time.Duration(i) * time.Minute))
		if s.p.kept.batch != nil {
			err := <-s.p.kept.written
			s.p.kept.saved(err)
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"cleartap", "inventory", "--db", filepath.Join(dir, "inventory.db"), "--format", "json"}, nil, &out, &errs); code != 0 {
			t.Fatalf("%d: %s", code, errs.String())
		}
		var v struct {
			Product  string
			Sessions int
		}
		if err := json.Unmarshal(out.Bytes(), &v); err != nil || v.Product != "Dovecot" || v.Sessions != i+1 {
			t.Fatalf("after %d sessions: %v %s", i+1, err, out.String())
		}
	}
	s.stop()
}

// A damaged inventory and a damaged state are told and begun anew; a file that is
// something else is left alone, and the sensor does not start.
func TestDamagedFilesOfALiveSensor(t *testing.T) {
	dir := t.TempDir()
	s := newStation(t, dir)
	s.session()
	s.guess(40)
	s.stop()
	for _, name := range []string{"inventory.db", "signals.state"} {
		path := filepath.Join(dir, name)
		p, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		begin := 20
		if name == "inventory.db" {
			begin = 2 * os.Getpagesize() // what tells its kind is in the first two pages
		}
		for i := begin; i < len(p); i++ {
			p[i] ^= 0x55
		}
		if err := os.WriteFile(path, p, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = newStation(t, dir)
	s.session()
	s.stop()
	if _, err := os.Stat(filepath.Join(dir, "inventory.db.damaged")); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"inventory.db", "signals.state"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, bytes.Repeat([]byte("something else\n"), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := config.Load(filepath.Join(dir, "cleartap.yaml"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var p pipeline
		if err := p.configure(l, &streams{out: &bytes.Buffer{}, err: &bytes.Buffer{}}, &liveOpts{}); err != nil {
			t.Fatal(err)
		}
		err = p.across.begin(l, func(*detectors.Finding) {})
		if err == nil {
			err = p.remember(l)
		}
		if err == nil {
			err = p.kept.begin(l, p.log, func(*detectors.Finding) {})
		}
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if q, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(q, []byte("something else")) {
			t.Errorf("%s was touched: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// Files that cannot be written are told once, stand in the health record, and are
// written when they can be: nothing that was seen meanwhile is lost.
func TestSavingFailsForAWhile(t *testing.T) {
	dir := t.TempDir()
	s := newStation(t, dir)
	db, state := filepath.Join(dir, "inventory.db"), filepath.Join(dir, "signals.state")
	away := filepath.Join(dir, "away.db")
	if err := os.Rename(db, away); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{db, state} { // a folder stands in the way
		if err := os.Mkdir(p, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	logged := &bytes.Buffer{}
	s.p.log = slog.New(slog.NewTextHandler(logged, nil))
	s.p.kept.log, s.p.memory.log = s.p.log, s.p.log
	save := func(after time.Duration) {
		t.Helper()
		s.p.tick(time.Now().Add(after))
		if s.p.kept.batch != nil {
			s.p.kept.saved(<-s.p.kept.written)
		}
		if s.p.memory.under != nil {
			s.p.memory.told(<-s.p.memory.under)
			s.p.memory.under = nil
		}
	}
	s.session()
	save(time.Hour)
	s.session()
	save(2 * time.Hour)
	if h := s.p.kept.figures(s.p.memory.failing); !s.p.kept.failing || !s.p.memory.failing || !h.Failing || h.Servers != 1 {
		t.Errorf("%+v: %s", h, logged)
	}
	if n := strings.Count(logged.String(), "cannot be saved"); n != 2 {
		t.Errorf("told %d times: %s", n, logged)
	}
	for _, p := range []string{db, state} {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(away, db); err != nil {
		t.Fatal(err)
	}
	save(3 * time.Hour)
	if h := s.p.kept.figures(s.p.memory.failing); h.Failing || strings.Count(logged.String(), "can be saved again") != 2 {
		t.Errorf("%+v: %s", h, logged)
	}
	s.stop()
	v := inventory.New(inventory.Config{})
	if err := inventory.Read(db, v); err != nil || len(v.Servers()) != 1 || v.Servers()[0].Sessions != 2 {
		t.Errorf("%v: %+v", err, v.Servers())
	}
}
