//go:build linux

package lab_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/docs"
	"cleartap/internal/inventory"
	"cleartap/internal/lab"
	"cleartap/reassembly"
)

// grades runs frames through the whole line and gives each server's entry.
func grades(frames []lab.Frame) map[netip.AddrPort]graded {
	v := inventory.New(inventory.Config{})
	engine := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) { v.Observe(o) }})
	assembler := reassembly.New(reassembly.Config{Classify: engine.Classify, Open: engine.Open})
	fromFrames(frames)(assembler.Push)
	assembler.Flush()
	engine.Close()
	out := map[netip.AddrPort]graded{}
	for _, s := range v.Servers() {
		out[s.Addr] = graded{s.Product, s.Grade(), s.Accepted}
	}
	return out
}

type graded struct {
	product  string
	grade    detectors.Grade
	accepted uint64 // logins in clear
}

// What docs/rules/remediation.md says helps was done to real servers: before it they take
// logins without TLS, and the inventory says so; with it they refuse them before TLS and
// take them within, and the inventory says that.
func TestRemediesWork(t *testing.T) {
	if openLab(t) == nil {
		return
	}
	alice := []lab.Account{{Name: "alice", Password: "Canary-alice-1"}}
	at := func(node int, port uint16) netip.AddrPort { return netip.AddrPortFrom(lab.IPv4(node), port) }
	for _, c := range []struct {
		product string
		series  string
		edit    func(path, text string) string // what the page says
		page    []string                       // words of the page that this is
		start   func(l *lab.Lab) error
		servers map[string]netip.AddrPort // by curl's scheme
	}{
		{"Dovecot", "2.3.19", func(path, text string) string {
			text = strings.Replace(text, "\ndisable_plaintext_auth = no\n", "\n", 1)
			return strings.ReplaceAll(text, "\nssl = yes\n", "\nssl = required\nssl_min_protocol = TLSv1.2\ndisable_plaintext_auth = yes\n")
		}, []string{"`ssl = required`", "`disable_plaintext_auth = yes`", "`ssl_min_protocol = TLSv1.2`"}, func(l *lab.Lab) error {
			_, err := l.Dovecot(lab.DovecotConfig{Node: lab.OpenNode, TLS: true})
			return err
		}, map[string]netip.AddrPort{"imap": at(lab.OpenNode, 143), "pop3": at(lab.OpenNode, 110)}},
		{"Postfix", "", func(path, text string) string {
			if strings.HasSuffix(path, "main.cf") {
				return strings.Replace(text, "smtpd_sasl_auth_enable = yes\n", "smtpd_tls_auth_only = yes\n", 1)
			}
			return strings.ReplaceAll(text, ":587 inet n - n - - smtpd\n", ":587 inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt\n")
		}, []string{"`smtpd_tls_auth_only = yes`", "no `smtpd_sasl_auth_enable` there", "`-o smtpd_sasl_auth_enable=yes`", "`-o smtpd_tls_security_level=encrypt`"}, func(l *lab.Lab) error {
			if _, err := l.Dovecot(lab.DovecotConfig{Node: lab.OpenNode, TLS: true}); err != nil {
				return err
			}
			_, err := l.Postfix()
			return err
		}, map[string]netip.AddrPort{"smtp": at(lab.OpenNode, 587)}},
		{"Exim", "4.96", func(path, text string) string {
			text = strings.Replace(text, "tls_advertise_hosts = *\n", "tls_advertise_hosts = *\nauth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}\n", 1)
			return strings.ReplaceAll(text, "  server_set_id", "  server_advertise_condition = ${if def:tls_in_cipher}\n  server_set_id")
		}, []string{"`server_advertise_condition = ${if def:tls_in_cipher}`", "`auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}`", "`tls_advertise_hosts = *`"}, func(l *lab.Lab) error {
			_, err := l.Exim()
			return err
		}, map[string]netip.AddrPort{"smtp": at(lab.EximNode, 587)}},
		{"Courier", "", func(path, text string) string {
			return strings.NewReplacer("IMAP_TLS_REQUIRED=0", "IMAP_TLS_REQUIRED=1", "POP3_TLS_REQUIRED=0", "POP3_TLS_REQUIRED=1",
				" AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5", "\nIMAP_CAPABILITY_TLS=IMAP4rev1 AUTH=PLAIN", "POP3AUTH=PLAIN LOGIN CRAM-MD5", "POP3AUTH=\nPOP3AUTH_TLS=PLAIN LOGIN").Replace(text)
		}, []string{"`IMAP_TLS_REQUIRED=1`", "`POP3_TLS_REQUIRED=1`", "`IMAP_CAPABILITY`", "`IMAP_CAPABILITY_TLS`", "`POP3AUTH=\"\"`", "`POP3AUTH_TLS`"}, func(l *lab.Lab) error {
			_, err := l.Courier(alice)
			return err
		}, map[string]netip.AddrPort{"imap": at(lab.CourierNode, 143), "pop3": at(lab.CourierNode, 110)}},
		{"Cyrus", "3.6.1", func(path, text string) string {
			return strings.Replace(text, "\nallowplaintext: yes\n", "\nallowplaintext: no\ntls_versions: tls1_2 tls1_3\n", 1)
		}, []string{"`allowplaintext: no`", "`tls_versions: tls1_2 tls1_3`"}, func(l *lab.Lab) error {
			_, err := l.Cyrus(alice)
			return err
		}, map[string]netip.AddrPort{"imap": at(lab.CyrusNode, 143), "pop3": at(lab.CyrusNode, 110)}},
	} {
		rows := strings.Join(docs.Remedy(c.product, c.series), "\n")
		for _, words := range c.page {
			if !strings.Contains(rows, words) {
				t.Errorf("%s: the page does not say %s", c.product, words)
			}
		}
		for _, mended := range []bool{false, true} {
			l := openLab(t)
			if mended {
				l.Edit = c.edit
			}
			if err := l.Accounts(alice); err != nil {
				t.Fatal(err)
			}
			if err := c.start(l); err != nil {
				t.Fatalf("%s: %v", c.product, err)
			}
			tape := l.Wire.Record()
			taken := map[string]bool{} // within TLS
			for scheme, server := range c.servers {
				for range 3 {
					for _, how := range []string{"--no-ssl-reqd", "--ssl-reqd"} {
						args := []string{"-s", "-k", "--max-time", "15", how, "--login-options", "AUTH=PLAIN", "-u", "alice:Canary-alice-1"}
						if scheme == "smtp" {
							args = append(args, "--mail-from", "alice@example.org", "--mail-rcpt", "alice@example.org", "-T", "/etc/hostname")
						}
						_, err := l.Client.Run(l.Client.Command("/usr/bin/curl", append(args, fmt.Sprintf("%s://%v/", scheme, server))...), 20*time.Second)
						taken[scheme] = err == nil // the last one is with TLS
					}
				}
			}
			if err := tape.Settle(30 * time.Millisecond); err != nil {
				t.Fatal(err)
			}
			got := grades(tape.Stop())
			for scheme, server := range c.servers {
				s, want := got[server], detectors.PlainAllowed
				if mended && c.product+scheme != "Courierpop3" { // it goes on listing USER, and refuses it: the page says so
					want = detectors.TLSRequired
				}
				if (s.accepted > 0) == mended || !taken[scheme] {
					t.Errorf("%s, mended %t: %s without TLS %d times, with TLS %t", c.product, mended, scheme, s.accepted, taken[scheme])
				}
				if s.product != c.product || s.grade != want {
					t.Errorf("%s, mended %t: %v is %+v", c.product, mended, server, s)
				}
			}
			l.Close()
		}
	}
}
