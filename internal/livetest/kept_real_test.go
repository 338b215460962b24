//go:build linux

package livetest

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cleartap/internal/lab"
)

// inventory has real servers seen at work: each is told at first sight, those that take
// logins without TLS after three connections; the file has them while the sensor runs.
func (s *stage) inventory(t *testing.T) {
	s.t = t
	sensor := s.listen("--inventory", "/lab/kept/inventory.db")
	file := filepath.Join(s.Path("/lab/kept"), "inventory.db")
	for range 3 {
		s.curl("imap", lab.OpenNode, 0, false)
		s.curl("pop3", lab.PlainNode, 0, false)
		s.curl("smtp", lab.EximNode, 0, false)
		s.curl("imap", lab.CyrusNode, 0, false, "--ssl-reqd")
	}
	want := []string{
		"CT-INV-001 10.80.0.25:143 Dovecot plaintext_allowed", "CT-INV-001 10.80.0.27:110 Dovecot plaintext_only",
		"CT-INV-001 10.80.0.28:143 Cyrus plaintext_allowed", "CT-INV-001 10.80.0.30:25 Exim plaintext_allowed",
	}
	exposed := func() (out []string) {
		for _, a := range sensor.inventoried() {
			if a.Event.Code == "CT-INV-001" {
				k := a.Cleartap.Server
				out = append(out, fmt.Sprintf("%s %s:%d %s %s", a.Event.Code, a.Destination.IP, a.Destination.Port, k.Product, k.Grade))
			}
		}
		slices.Sort(out)
		return out
	}
	sensor.until(5*time.Second, "exposed servers", func() bool { return len(exposed()) >= len(want) })
	if got := exposed(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if n := len(sensor.inventoried()) - len(want); n != len(want) {
		t.Errorf("%d servers were told at first sight, not %d", n, len(want))
	}
	sensor.stop()
	var kept []string
	for _, v := range inventory(t, file) {
		kept = append(kept, fmt.Sprintf("CT-INV-001 %s:%d %s %s", v.IP, v.Port, v.Product, v.Grade))
	}
	if slices.Sort(kept); !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}
