//go:build linux

// Command record records the captures in pcaps anew: it starts the lab's mail
// servers, plays every scene with real clients, and writes captures, the truth
// about them, the secrets in them and the README. Its invariant: what it writes
// as true was seen on the wire and, where the server logs logins, in its log.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	"cleartap/internal/lab"
)

func main() {
	out := flag.String("o", "pcaps", "folder to write to")
	only := flag.String("only", "", "record only the scenes whose first file matches this pattern")
	loud := flag.Bool("v", false, "print dialogues that are not as expected (invented secrets included)")
	flag.Parse()
	if err := record(*out, *only, *loud); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(out, only string, loud bool) error {
	want, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if why, ok := lab.Available(); !ok {
		return fmt.Errorf("%s", why)
	}
	l, err := lab.Open(func(s string) { fmt.Println(s) })
	if err != nil {
		return err
	}
	defer l.Close()
	if err := servers(l); err != nil {
		return err
	}
	b, err := openBook(out)
	if err != nil {
		return err
	}
	var failed error
	s := &stage{lab: l, loud: loud}
	for i, sc := range scenes() {
		// every scene has accounts of its own, whichever are recorded
		s.next, s.cyrus, s.courier = i*perScene, 0, 0
		if sc.file == "cyrus.pcap" {
			s.cyrus = separate / 2
		}
		if !want.MatchString(sc.file) {
			continue
		}
		start := time.Now()
		frames, logins, err := s.play(&sc)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for _, c := range sc.captures(frames, logins) {
			if err := b.add(c); err != nil {
				return err
			}
		}
		fmt.Printf("%-36s %4d frames %3d logins %6.1f s\n", sc.file, len(frames), len(logins), time.Since(start).Seconds())
	}
	return errors.Join(failed, b.close())
}

// perScene is how many accounts a scene may use.
const perScene = 60

// servers starts all servers with all accounts.
func servers(l *lab.Lab) error {
	var accounts, cyrus, courier []lab.Account
	for n := range (len(scenes()) + 1) * perScene {
		accounts = append(accounts, person(n))
	}
	accounts = append(append(accounts, oddAccounts()...), masterAccount())
	for n := range separate + 1 {
		cyrus, courier = append(cyrus, cyrusName(n)), append(courier, courierName(n))
	}
	if err := l.Accounts(accounts); err != nil {
		return err
	}
	for _, c := range []lab.DovecotConfig{{Node: lab.OpenNode, TLS: true}, {Node: lab.StrictNode, TLS: true, Secure: true}, {Node: lab.PlainNode}} {
		if _, err := l.Dovecot(c); err != nil {
			return err
		}
	}
	for _, start := range []func() error{
		func() error { _, err := l.Postfix(); return err },
		func() error { _, err := l.Exim(); return err },
		func() error { _, err := l.Cyrus(cyrus); return err },
		func() error { _, err := l.Courier(courier); return err },
		func() error { return l.Write("/lab/mail.txt", "Subject: hello\r\n\r\nhello\r\n") },
		func() error { return l.Write("/lab/other.pem", "") },
	} {
		if err := start(); err != nil {
			return err
		}
	}
	return nil
}
