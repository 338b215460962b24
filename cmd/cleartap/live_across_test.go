package main

import (
	"bytes"
	"encoding/json"
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
	"cleartap/internal/sensor"
	"cleartap/output"
)

// A live sensor tells an attack when it begins, grows, succeeds and is over, under one
// id; reading the configuration again in the middle changes nothing of that, and
// neither does the suppression of repeated alerts.
func TestLiveTellsAnAttackAsItGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	file := filepath.Join(t.TempDir(), "cleartap.yaml")
	text := "sensor: {name: test}\nspool: {dir: " + t.TempDir() + "}\noutputs:\n  - type: file\n    path: " + path + "\nexceptions:\n" +
		"  - {clients: [10.1.0.9], rules: [CT-AUTH-001], reason: a test, until: 2999-01-01}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := config.Load(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	std, o := &streams{out: &bytes.Buffer{}, err: &bytes.Buffer{}}, &liveOpts{}
	var p pipeline
	configure := func() {
		t.Helper()
		if err := p.configure(l, std, o); err != nil {
			t.Fatal(err)
		}
	}
	configure()
	if err := p.across.begin(l, func(f *detectors.Finding) { p.pass(f, p.across.iface) }); err != nil {
		t.Fatal(err)
	}
	at := capture.Nanos(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano())
	login := func(client, user string, r detectors.Result) {
		at += 2e9
		v := sensor.LiveObservation{Interface: "eth1", At: at, Observation: detectors.Observation{Kind: detectors.Login, Protocol: "imap", Sides: 2, Result: r,
			Attempt: detectors.Attempt{Command: detectors.LoginCommand, Mechanism: detectors.MechLogin, Class: detectors.Password, Identity: user, Secret: secret.Of(nil)}}}
		v.Flow.Client, v.Flow.Server = netip.MustParseAddrPort(client+":40000"), netip.MustParseAddrPort("192.0.2.25:143")
		v.Mark = capture.Mark{Time: at + 3600e9, Seq: 7} // the wall clock is an hour ahead of packet time
		v.Decided = v.Mark
		p.take(&v)
	}
	for i := range 70 {
		if i == 45 {
			configure()
		}
		login("10.1.0.7", "alice", detectors.Failure)
		login("10.1.0.9", "bob", detectors.Failure) // known, and silenced
	}
	login("10.1.0.7", "alice", detectors.Success)
	p.tick(time.Now().Add(2 * time.Hour)) // nothing more comes
	if err := p.sinks.close(p.log); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	ids, events := map[string]bool{}, map[string]bool{}
	for line := range bytes.Lines(data) {
		var a output.Alert
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		if k := a.Cleartap.Attack; k.ID != "" {
			states = append(states, k.State+" "+a.Rule.ID)
			ids[k.ID], events[a.Event.ID] = true, true
			if a.User.Name != "alice" || a.Source.IP != "10.1.0.7" || a.Observer.Ingress.Interface.Name != "eth1" && k.State != "ended" || !strings.HasPrefix(a.Event.Start, "2026-03-02T09:00:0") {
				t.Errorf("%s", line)
			}
		}
	}
	want := []string{"start CT-AUTH-001", "growing CT-AUTH-001", "succeeded CT-AUTH-005", "ended CT-AUTH-005"}
	if !slices.Equal(states, want) || len(ids) != 1 || len(events) != len(want) {
		t.Errorf("%d ids, %d event ids, states %v, want %v", len(ids), len(events), states, want)
	}
}
