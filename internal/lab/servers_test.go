//go:build linux

package lab

import (
	"fmt"
	"testing"
	"time"
)

func TestServersTakeLogins(t *testing.T) {
	l := open(t)
	if err := l.Accounts([]Account{{Name: "alice@example.org", Password: "Canary-alice-1"}}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, c := range []DovecotConfig{{Node: OpenNode, TLS: true}, {Node: StrictNode, TLS: true, Secure: true}, {Node: PlainNode}} {
		if _, err := l.Dovecot(c); err != nil {
			t.Fatal(err)
		}
	}
	t.Log(time.Since(start))
	if _, err := l.Postfix(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Exim(); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start))
	for _, url := range []string{"imap://mail.example.org", "pop3://mail.example.org", "imap://strict.example.org",
		"imap://plain.example.org", "imaps://mail.example.org", "smtp://mail.example.org", "smtp://exim.example.org:587",
		"smtps://exim.example.org", "smtp://strict.example.org", "smtp://plain.example.org"} {
		for _, pw := range []string{"Canary-alice-1", "wrong"} {
			args := []string{"-4", "-sv", "--max-time", "5", "--cacert", CertFile, "-u", "alice@example.org:" + pw, url}
			if url[0] == 's' {
				args = append(args, "--mail-from", "alice@example.org", "--mail-rcpt", "bob@example.org", "-T", "/etc/hostname")
			}
			start := time.Now()
			out, err := l.Client.Run(l.Client.Command("/usr/bin/curl", args...), 6*time.Second)
			t.Log(url, pw, time.Since(start), err)
			if err != nil {
				t.Log(out)
			}
		}
	}
	fmt.Println(l.DovecotLog(OpenNode))
	fmt.Println(l.Read("/lab/postfix.log"), l.Read("/lab/postfix.out"), l.Read("/lab/exim/mainlog"), l.Read("/lab/exim.out"))
}
