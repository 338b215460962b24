//go:build linux

package main

import (
	"crypto/hmac"
	"crypto/md5" // CRAM-MD5 and APOP are made of it
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"

	"cleartap/internal/lab"
)

// confirm looks for the login in the bytes that crossed the wire, and notes the
// encoded form of its secret. Hashes are computed anew from the challenge.
func (l *login) confirm(client, server string) error {
	ok := false
	switch {
	case l.wire != "":
		ok = strings.Contains(client, l.wire)
	case l.Mechanism == "USER/PASS":
		ok = strings.Contains(client, "USER "+l.User+"\r\n") && strings.Contains(client, "PASS "+*l.Secret+"\r\n")
	case l.Mechanism == "APOP":
		ok = confirmAPOP(l, client, server)
	case l.Command == "LOGIN":
		ok = strings.Contains(client, *l.Secret) && strings.Contains(client, l.User)
	case l.Mechanism == "PLAIN":
		for _, authzid := range []string{l.Authzid, l.User} {
			if form := plain(authzid, l.User, *l.Secret); strings.Contains(client, form) {
				l.Encoded, ok = &form, true
			}
		}
	case l.Mechanism == "LOGIN":
		form := b64(*l.Secret)
		l.Encoded = &form
		ok = strings.Contains(client, form) && strings.Contains(client, b64(l.User))
	case l.Mechanism == "CRAM-MD5":
		ok = confirmCRAM(l, client, server)
	default:
		ok = l.confirmNamed(client)
	}
	if !ok {
		return fmt.Errorf("%s %s of %s is not in the recorded bytes", l.Proto, l.Mechanism, l.User)
	}
	l.Checked.Bytes = "verified"
	return nil
}

func confirmAPOP(l *login, client, server string) bool {
	stamp := regexp.MustCompile(`<[^>]+>`).FindString(server)
	sum := md5.Sum([]byte(stamp + *l.Secret))
	return stamp != "" && strings.Contains(client, "APOP "+l.User+" "+hex.EncodeToString(sum[:]))
}

func confirmCRAM(l *login, client, server string) bool {
	for _, challenge := range decoded(server) {
		mac := hmac.New(md5.New, []byte(*l.Secret))
		mac.Write([]byte(challenge))
		if strings.Contains(client, b64(l.User+" "+hex.EncodeToString(mac.Sum(nil)))) {
			return true
		}
	}
	return false
}

// confirmNamed is for mechanisms whose proof only the server can check: it looks
// for the name, and for a token when one was sent.
func (l *login) confirmNamed(client string) bool {
	wide := make([]byte, 0, 2*len(l.User))
	for _, u := range utf16.Encode([]rune(l.User)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, text := range decoded(client) {
		named := strings.Contains(text, l.User) || strings.Contains(text, string(wide))
		if !named || (l.Crossed && !strings.Contains(text, *l.Secret)) {
			continue
		}
		if l.Crossed {
			form := b64(text)
			l.Encoded = &form
		}
		return true
	}
	return false
}

var words = regexp.MustCompile(`[A-Za-z0-9+/]{4,}={0,2}`)

// decoded gives every word that is base64, decoded.
func decoded(s string) []string {
	var out []string
	for _, w := range words.FindAllString(s, -1) {
		if b, err := base64.StdEncoding.DecodeString(w); err == nil {
			out = append(out, string(b))
		}
	}
	return out
}

// software names a server of the lab by its address's last part and its port.
func software(node int, port uint16) string {
	switch node {
	case lab.CyrusNode:
		return "Cyrus"
	case lab.CourierNode:
		return "Courier"
	case lab.EximNode:
		return "Exim"
	}
	switch port {
	case 25, 465, 587, 2525:
		return "Postfix"
	}
	return "Dovecot"
}
