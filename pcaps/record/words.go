//go:build linux

package main

import (
	"fmt"
	"strings"

	"cleartap/internal/lab"
)

func lower(s string) string { return strings.ToLower(s) }

// quoted is an IMAP quoted string.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// literal is the announcement of a literal; more is "+" for a non-synchronising one.
func literal(s, more string) string { return fmt.Sprintf("{%d%s}", len(s), more) }

// Accounts of servers that keep their own.
const separate = 24

func cyrusName(n int) lab.Account {
	name := fmt.Sprintf("cyrus%d", n)
	return lab.Account{Name: name, Password: canary(name)}
}

func courierName(n int) lab.Account {
	name := fmt.Sprintf("courier%d", n)
	return lab.Account{Name: name, Password: canary(name)}
}

func (s *stage) cyrusAccount() lab.Account {
	s.cyrus++
	return cyrusName(s.cyrus)
}

func (s *stage) courierAccount() lab.Account {
	s.courier++
	return courierName(s.courier)
}

// masterAccount may log in as anybody.
func masterAccount() lab.Account {
	return lab.Account{Name: "admin@example.org", Password: canary("admin@example.org"), Master: true}
}

// oddAccounts have names and passwords that are hard to carry.
func oddAccounts() []lab.Account {
	var out []lab.Account
	for _, name := range []string{`quo"te@example.org`, `back\slash@example.org`, "jörg@example.org", "дарья@example.org", "with blank@example.org",
		"plus+tag@example.org", "per%cent@example.org", "(par){en}@example.org", "<b>bold</b>@example.org", strings.Repeat("long", 50) + "@example.org"} {
		out = append(out, lab.Account{Name: name, Password: canary(name)})
	}
	for _, password := range []string{` "q\b `, " ö€", " trailing ", " {12}", " a  b"} {
		name := fmt.Sprintf("odd%d@example.org", len(out))
		out = append(out, lab.Account{Name: name, Password: canary(name) + password})
	}
	return out
}
