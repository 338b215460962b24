package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"cleartap/output"
)

// attacksIn scans paths with flags and gives the records about many logins.
func attacksIn(t *testing.T, args ...string) []output.Alert {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), append([]string{"cleartap", "scan", "--format", "jsonl", "--usernames", "full"}, args...), strings.NewReader(""), &out, &errs); code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var found []output.Alert
	for line := range bytes.Lines(out.Bytes()) {
		var a output.Alert
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		if a.Cleartap.Attack.ID != "" {
			found = append(found, a)
		}
	}
	return found
}

// guesses is a dialogue of a client that guesses so often.
func guesses(client, n int, user string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from 10.1.0.%d:40000 to 192.0.2.25:143\nS: * OK ready\n", client)
	for i := range n {
		fmt.Fprintf(&b, "C: a%d LOGIN %s guess-%d\nS: a%d NO [AUTHENTICATIONFAILED] no\n", i, user, i, i)
	}
	return b.String()
}

// Twenty-one guesses are told where secrets are marked, thirty in any case.
func TestScanTellsAnAttackOnce(t *testing.T) {
	recorded := filepath.Join(pcapsDir, "guessing.pcap")
	if found := attacksIn(t, recorded); len(found) != 0 {
		t.Errorf("21 guesses without marks: %+v", found)
	}
	found := attacksIn(t, "--secret-marks", recorded)
	if len(found) != 1 || found[0].Rule.ID != "CT-AUTH-005" || found[0].Cleartap.Attack.Failures != 21 || found[0].Cleartap.Attack.Attempts != 22 || found[0].Cleartap.Attack.State != "succeeded" {
		t.Errorf("21 guesses with marks: %+v", found)
	}
	path := filepath.Join(t.TempDir(), "guesses.pcap")
	if err := os.WriteFile(path, captureOf(t, guesses(7, 40, "alice"), guesses(8, 29, "bob")), 0o600); err != nil {
		t.Fatal(err)
	}
	found = attacksIn(t, path)
	if len(found) != 1 || found[0].Rule.ID != "CT-AUTH-001" || found[0].User.Name != "alice" || found[0].Source.IP != "10.1.0.7" || found[0].Log.File.Path != path {
		t.Errorf("40 guesses: %+v", found)
	}
}

// An attack that is spread over captures which overlap is one, and the same for any
// number of workers.
func TestScanJoinsAttacksOfSeveralCaptures(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 { // recorded at the same time, seven guesses each
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.pcap", i)), captureOf(t, guesses(20+i, 7, "alice"), guesses(7, 7, "victim")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var first []byte
	for _, jobs := range []string{"1", "2", "7"} {
		found := attacksIn(t, "--merge", "none", "--jobs", jobs, dir)
		if len(found) != 1 || found[0].Cleartap.Attack.Failures != 42 || found[0].User.Name != "victim" {
			t.Fatalf("%s workers: %+v", jobs, found)
		}
		if got := found[0].AppendJSON(nil); first == nil {
			first = got
		} else if !bytes.Equal(got, first) {
			t.Errorf("%s workers: %s\nwant %s", jobs, got, first)
		}
	}
}

// With files that tell where addresses are, an account that is used in three countries
// within an hour is told.
func TestScanKnowsPlaces(t *testing.T) {
	dir := t.TempDir()
	db, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	var talks []string
	for i, country := range []string{"DE", "FR", "US"} {
		_, n, _ := net.ParseCIDR(fmt.Sprintf("10.1.0.%d/32", i+1))
		if err := db.Insert(n, mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country)}}); err != nil {
			t.Fatal(err)
		}
		talks = append(talks, fmt.Sprintf("from 10.1.0.%d:40000 to 192.0.2.25:143\nS: * OK ready\nC: a LOGIN alice right\nS: a OK in\n", i+1))
	}
	var file bytes.Buffer
	if _, err := db.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	places, path := filepath.Join(dir, "places.mmdb"), filepath.Join(dir, "x.pcap")
	for name, content := range map[string][]byte{places: file.Bytes(), path: captureOf(t, talks...)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found := attacksIn(t, path); len(found) != 0 {
		t.Errorf("without places: %+v", found)
	}
	found := attacksIn(t, "--geoip", places, path)
	if len(found) != 1 || found[0].Rule.ID != "CT-AUTH-006" || found[0].Cleartap.Attack.Sources != 3 || found[0].User.Name != "alice" {
		t.Errorf("with places: %+v", found)
	}
	var errs bytes.Buffer
	if code := run(context.Background(), []string{"cleartap", "scan", "--geoip", path, path}, strings.NewReader(""), &bytes.Buffer{}, &errs); code != exitUsage || !strings.Contains(errs.String(), "--geoip") {
		t.Errorf("a file that is none: exit code %d, %s", code, errs.String())
	}
}
