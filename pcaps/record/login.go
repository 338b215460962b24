//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"

	"cleartap/internal/lab"
)

// login is a login attempt that the recorder caused, and a line of truth.jsonl.
type login struct {
	File       string  `json:"file"`
	Proto      string  `json:"proto"`
	Mechanism  string  `json:"mechanism"`
	Command    string  `json:"command"`
	ClientIP   string  `json:"client_ip"`
	ClientPort uint16  `json:"client_port"`
	ServerIP   string  `json:"server_ip"`
	ServerPort uint16  `json:"server_port"`
	User       string  `json:"username"`
	UserAlt    string  `json:"username_alt,omitempty"` // as it stands on the wire, where that differs
	Authzid    string  `json:"authzid,omitempty"`
	Secret     *string `json:"secret"`
	Encoded    *string `json:"secret_encoded"`
	Outcome    string  `json:"outcome"` // success, failure, unknown
	Result     string  `json:"result"`  // the same, finer
	Server     string  `json:"server_software"`
	Client     string  `json:"client_software"`
	Note       string  `json:"note"`
	Crossed    bool    `json:"secret_crossed"` // the password or token itself was sent
	Checked    checked `json:"checked"`

	wire string // what must be on the wire, where the mechanism does not tell
}

// checked says what confirms a login beside the recorder's word.
type checked struct {
	Bytes string `json:"bytes"`
	Log   string `json:"server_log"`
}

// silent is the line of a capture without any login.
type silent struct {
	File   string `json:"file"`
	Events int    `json:"events"`
}

// canary gives the password that belongs to a word: all secrets of the
// captures are made this way, so that they can be recognised and searched for.
func canary(word string) string {
	sum := sha256.Sum256([]byte(word))
	return "Canary-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}

var firstNames = strings.Fields("ada ben cleo dora emil fay gus hal ines jon kim leo mia noa olaf pia quinn rosa sam tess uma vera wim xenia yann zoe")

// person gives the n-th account of Dovecot and Exim.
func person(n int) lab.Account {
	name := fmt.Sprintf("%s%d@example.org", firstNames[n%len(firstNames)], n)
	return lab.Account{Name: name, Password: canary(name)}
}

// wrong gives a password that is not the account's.
func wrong(a lab.Account) string { return canary("wrong " + a.Name) }

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func plain(authzid, user, password string) string {
	return b64(authzid + "\x00" + user + "\x00" + password)
}

// Ways to say how an attempt went.
func accepted(l login) login { l.Outcome, l.Result = "success", "success"; return l }

func refused(l login) login { l.Outcome, l.Result = "failure", "failure"; return l }

func insecure(l login) login { l.Outcome, l.Result = "failure", "refused_insecure"; return l }

// by says which client made the attempt.
func (l login) by(client string) login { l.Client = client; return l }

// noted adds a remark for people.
func (l login) noted(note string) login { l.Note = note; return l }

// The kinds of login. The password is what was sent, right or wrong.

func userPass(user, password string) login {
	return login{Proto: "pop3", Mechanism: "USER/PASS", Command: "USER/PASS", User: user, Secret: &password, Crossed: true}
}

func apop(user, password string) login {
	return login{Proto: "pop3", Mechanism: "APOP", Command: "APOP", User: user, Secret: &password}
}

func imapLogin(user, password string) login {
	return login{Proto: "imap", Mechanism: "LOGIN", Command: "LOGIN", User: user, Secret: &password, Crossed: true}
}

// sasl is a login by a SASL mechanism in any protocol.
func sasl(proto, mechanism, user, password string) login {
	l := login{Proto: proto, Mechanism: mechanism, Command: "AUTH", User: user, Secret: &password}
	switch proto {
	case "imap", "managesieve":
		l.Command = "AUTHENTICATE"
	}
	switch mechanism {
	case "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER":
		l.Crossed = true
	}
	return l
}
