package csv

import (
	"encoding/csv"
	"math/rand/v2"
	"strings"
	"testing"

	"cleartap/output"
)

func alert(user string) *output.Alert {
	return &output.Alert{
		Timestamp: "2026-11-22T10:00:00.123456Z", Rule: output.Rule{ID: "CT-CRED-001"}, Network: output.Network{Protocol: "pop3", Direction: "outbound"},
		Source: output.Endpoint{Address: "10.1.0.7", Port: 40001}, Destination: output.Endpoint{Address: "192.0.2.25", Port: 110},
		User: output.User{Name: user}, Event: output.Event{ID: "ID"}, Message: "message",
		Cleartap: output.Cleartap{Severity: "high", Auth: output.Auth{Command: "USER/PASS", Mechanism: "USER/PASS", Class: "password", Result: "failure", Attempt: 1, ReplyCode: "-ERR"}, Capture: output.Capture{Frame: 9}},
		Log:      output.Log{File: output.File{Path: "a.pcap"}},
	}
}

func TestWriter(t *testing.T) {
	var b strings.Builder
	w := New(&b)
	if err := w.Write(alert(`al"i,ce`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = `time,severity,rule,protocol,command,mechanism,class,user,result,client,client_port,server,server_port,direction,reply_code,attempt,file,frame,id,message
2026-11-22T10:00:00.123456Z,high,CT-CRED-001,pop3,USER/PASS,USER/PASS,password,"al""i,ce",failure,10.1.0.7,40001,192.0.2.25,110,outbound,'-ERR,1,a.pcap,9,ID,message
`
	if b.String() != want {
		t.Errorf("got %s", b.String())
	}
}

func TestNothingHasAHeaderStill(t *testing.T) {
	var b strings.Builder
	if err := New(&b).Flush(); err != nil || b.String() != strings.Join(header, ",")+"\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// No cell, and no line of one, begins with what a spreadsheet runs.
func TestGuard(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	parts := []string{"a", "=", "+", "-", "@", "\t", "\r", "\n", " ", "\u00a0", "\u200b", "\ufeff", "＝", "＠", "\"", ",", ";", "|", "cmd", "\x00", "\u2028", "'"}
	for range 10_000 {
		var name strings.Builder
		for range r.IntN(7) {
			name.WriteString(parts[r.IntN(len(parts))])
		}
		var b strings.Builder
		w := New(&b)
		if err := w.Write(alert(name.String())); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(header) {
			t.Fatalf("%q: %v, %q", name.String(), err, b.String())
		}
		for _, cell := range rows[1] {
			if strings.ContainsAny(cell, "\r\n") {
				t.Fatalf("%q: a cell of two lines: %q", name.String(), cell)
			}
			first := strings.TrimLeftFunc(cell, blank)
			if cell != "" && (cell[0] == '\t' || strings.IndexFunc(first, wideFormula) == 0 || first != "" && strings.Contains("=+-@", first[:1])) {
				t.Fatalf("%q: cell %q", name.String(), cell)
			}
		}
	}
}
