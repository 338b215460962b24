//go:build linux

package lab_test

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/detectors/signals"
	"cleartap/internal/lab"
	"cleartap/reassembly"
)

// attacksIn runs frames through the whole line and writes down what the signals tell.
func attacksIn(frames []lab.Frame) []string {
	var out []string
	s := signals.New(signals.Config{}, func(f *detectors.Finding) {
		a := f.Attack
		if a == nil {
			out = append(out, f.Rule.ID)
			return
		}
		out = append(out, fmt.Sprintf("%s from %v, account %q, %d accounts, %d of %d refused", f.Rule.ID, f.Flow.Client.Addr(), f.Attempt.Identity, a.Accounts, a.Failures, a.Attempts))
	})
	engine := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) { s.Observe(o.Decided.Time, o) }})
	assembler := reassembly.New(reassembly.Config{Classify: engine.Classify, Open: engine.Open})
	fromFrames(frames)(assembler.Push)
	assembler.Flush()
	engine.Close()
	s.Flush()
	slices.Sort(out)
	return out
}

// guessIMAP tries passwords on a connection, as long as the server takes them.
func guessIMAP(l *lab.Lab, node int, user string, passwords ...string) (accepted bool) {
	talk := l.TalkFrom(netip.AddrPortFrom(lab.IPv4(node), 0), netip.AddrPortFrom(lab.IPv4(lab.OpenNode), 143))
	talk.Wait("* OK")
	for i, p := range passwords {
		tag := fmt.Sprint("a", i, " ")
		talk.Say(tag + "LOGIN " + user + " " + p)
		accepted = accepted || talk.Wait(tag) == "" || len(talk.Heard[len(talk.Heard)-1]) > 5 && talk.Heard[len(talk.Heard)-1][3:5] == "OK"
	}
	_ = talk.Close() // the server may have had enough
	return accepted
}

// Real servers are guessed at by a program of ours: one account of Dovecot until the
// password is found, twelve accounts of Postfix by one password, while a person
// mistypes three times. Each attack is told once, the person is not.
func TestRealGuessing(t *testing.T) {
	if _, ok := lab.Available(); !ok {
		return // TestMain has told
	}
	l, err := lab.Open(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	people := []lab.Account{{Name: "victim", Password: "Canary-victim-1"}, {Name: "person", Password: "Canary-person-1"}}
	for i := range 12 {
		people = append(people, lab.Account{Name: fmt.Sprint("user", i), Password: fmt.Sprint("Canary-user-", i)})
	}
	if err := l.Accounts(people); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Dovecot(lab.DovecotConfig{Node: lab.OpenNode, TLS: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Postfix(); err != nil {
		t.Fatal(err)
	}
	tape := l.Wire.Record()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			guessIMAP(l, lab.ClientNode, "victim", fmt.Sprint("guess-", i, "-a"), fmt.Sprint("guess-", i, "-b"), fmt.Sprint("guess-", i, "-c"))
		})
		wg.Go(func() { spray(t, l, fmt.Sprint("user", i)) })
	}
	wg.Go(func() { guessIMAP(l, lab.ClientNode+2, "person", "typo-1", "typo-2", "typo-3") })
	wg.Wait()
	if !guessIMAP(l, lab.ClientNode, "victim", "Canary-victim-1") || !guessIMAP(l, lab.ClientNode+2, "person", "Canary-person-1") {
		t.Error("the right password was not taken")
	}
	if err := tape.Settle(30 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`CT-AUTH-002 from 10.80.0.12, account "", 12 accounts, 12 of 12 refused`,
		`CT-AUTH-005 from 10.80.0.11, account "victim", 1 accounts, 36 of 37 refused`,
	}
	if got := attacksIn(tape.Stop()); !slices.Equal(got, want) {
		t.Errorf("told:\n%q\nwant:\n%q", got, want)
	}
}

// spray tries one password on an account of Postfix.
func spray(t *testing.T, l *lab.Lab, user string) {
	talk := l.TalkFrom(netip.AddrPortFrom(lab.IPv4(lab.ClientNode+1), 0), netip.AddrPortFrom(lab.IPv4(lab.OpenNode), 587))
	talk.Wait("220 ")
	talk.Say("EHLO client2.example.org")
	talk.Wait("250 ")
	talk.Say("AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00Spring2026")))
	talk.Wait("535 ")
	talk.Say("QUIT")
	if err := talk.Close(); err != nil {
		t.Error(user, err)
	}
}
