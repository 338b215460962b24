//go:build linux

package lab

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
)

// Every server of the lab takes the right password and refuses a wrong one.
func TestServersTakeLogins(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	a := Account{Name: "alice", Password: "Canary-alice-1"}
	if err := l.Accounts([]Account{a}); err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]func() (*Process, error){
		"Dovecot": func() (*Process, error) { return l.Dovecot(DovecotConfig{Node: OpenNode, TLS: true}) },
		"Exim":    l.Exim,
		"Cyrus":   func() (*Process, error) { return l.Cyrus([]Account{a}) },
		"Courier": func() (*Process, error) { return l.Courier([]Account{a}) },
	} {
		if _, err := start(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := l.Postfix(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		node int
		port uint16
	}{{"Dovecot", OpenNode, 143}, {"Cyrus", CyrusNode, 143}, {"Courier", CourierNode, 143}} {
		talk := l.Talk(netip.AddrPortFrom(IPv4(c.node), c.port))
		talk.Wait("* OK")
		if c.name != "Courier" { // it takes five seconds to say no
			talk.Say("a LOGIN alice wrong")
			if got := talk.Wait("a "); !strings.HasPrefix(got, "a NO") {
				t.Errorf("%s says %q to a wrong password", c.name, got)
			}
		}
		talk.Say("b LOGIN alice " + a.Password)
		if got := talk.Wait("b "); !strings.HasPrefix(got, "b OK") {
			t.Errorf("%s says %q to the right password", c.name, got)
		}
		if err := talk.Close(); err != nil {
			t.Error(c.name, err)
		}
	}
	for name, node := range map[string]int{"Postfix": OpenNode, "Exim": EximNode} {
		talk := l.Talk(netip.AddrPortFrom(IPv4(node), 587))
		talk.Wait("220 ")
		talk.Say("EHLO client1.example.org")
		talk.Wait("250 ")
		for password, want := range map[string]string{"wrong": "535", a.Password: "235"} {
			talk.Say("AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00alice\x00"+password)))
			if got := talk.Wait("235", "535", "503"); !strings.HasPrefix(got, want) && !strings.HasPrefix(got, "503") {
				t.Errorf("%s says %q, not %s", name, got, want)
			}
		}
		if err := talk.Close(); err != nil {
			t.Error(name, err)
		}
	}
	if err := l.Wire.Err(); err != nil {
		t.Error(err)
	}
}

func TestAwaitTellsWhyAServerDoesNotStart(t *testing.T) {
	l := open(t)
	if l == nil {
		return
	}
	_, err := l.Dovecot(DovecotConfig{Node: OpenNode, Mechanisms: "plain\nno_such_setting = yes"})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("the error is %v", err)
	}
}
