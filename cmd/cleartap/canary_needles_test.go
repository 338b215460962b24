package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
)

// forms are the ways in which a secret might be hidden in text.
func forms(s string) map[string]string {
	wide := utf16.Encode([]rune(s))
	var little, big []byte
	for _, u := range wide {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	r := []byte(s)
	slices.Reverse(r)
	out := map[string]string{
		"plain": s, "hex": hex.EncodeToString([]byte(s)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(s))), "url": url.QueryEscape(s), "path": url.PathEscape(s),
		"all percent": percent(s), "utf-16le": string(little), "utf-16be": string(big), "hex of utf-16le": hex.EncodeToString(little), "hex of utf-16be": hex.EncodeToString(big),
		"reversed": string(r), "case swapped": strings.Map(swapCase, s), "upper": strings.ToUpper(s), "lower": strings.ToLower(s),
		"quoted": strings.Trim(fmt.Sprintf("%q", s), `"`), "bytes": strings.Trim(fmt.Sprint([]byte(s)), "[]"), "head": s[:len(s)*2/3], "tail": s[len(s)/3:],
	}
	for i, f := range base64Forms(s) {
		out[fmt.Sprintf("base64 %d", i)] = f
	}
	for i, f := range base64Forms(string(little)) {
		out[fmt.Sprintf("base64 %d of utf-16le", i)] = f
	}
	return out
}

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// pieceLen is how many bytes of a secret's form in a row are a leak.
const pieceLen = 8

// needles are all pieces of all forms of all secrets, and what stood on the wire in
// an encoding: what is written may hold none of them.
type needles struct {
	pieces map[[pieceLen]byte]string
	short  map[string]string // forms of secrets that are shorter than a piece
	tokens map[[tokenLen]byte]string
	first  [1 << 20]bool // by place of their first four bytes: most text has no needle's
}

// place is where four bytes are looked up before anything else.
func place(p []byte) uint32 { return binary.LittleEndian.Uint32(p) * 2654435761 >> 12 }

func newNeedles() *needles {
	return &needles{pieces: map[[pieceLen]byte]string{}, short: map[string]string{}, tokens: map[[tokenLen]byte]string{}}
}

// secret adds a secret. What the name says is all that a failure tells of it.
func (n *needles) secret(name, s string) {
	for form, text := range forms(s) {
		if len(s) < pieceLen {
			// Of a short secret only long forms are sure not to be there by chance.
			if len(text) >= pieceLen {
				n.short[text] = name + ", " + form
			}
			continue
		}
		if form == "bytes" { // "67 97 110": a piece of that is too common
			n.short[text] = name + ", " + form
			continue
		}
		if strings.Contains(strings.ToLower(form), "hex") { // eight digits in a row are in every time and address
			n.token(name+", "+form, []byte(text))
			continue
		}
		for i := 0; i+pieceLen <= len(text); i++ {
			piece := []byte(text[i : i+pieceLen])
			n.pieces[[pieceLen]byte(piece)], n.first[place(piece)] = name+", "+form, true
		}
	}
}

// tokenLen is how many characters of an encoded message in a row are a leak.
const tokenLen = 12

var (
	tokenPattern = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)
	hexPattern   = regexp.MustCompile(`^[0-9a-fA-F]{32,}$`)
	mixedPattern = regexp.MustCompile(`[a-z].*[A-Z].*[a-z]|[A-Z].*[a-z].*[A-Z]`)
)

// wire adds what looks like base64 or a digest in bytes of the wire, secrets or not:
// no challenge, response or token may come out in its encoding.
func (n *needles) wire(name string, p []byte) {
	for _, t := range tokenPattern.FindAll(p, -1) {
		if !hexPattern.Match(t) {
			_, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(string(t[:len(t)/4*4])))
			if err != nil || !mixedPattern.Match(t) || !bytes.ContainsAny(t, "0123456789") && len(t) < 24 {
				continue
			}
		}
		n.token("an encoded message of "+name, t)
	}
}

func (n *needles) token(name string, t []byte) {
	for i := 0; i+tokenLen <= len(t); i++ {
		if part := t[i : i+tokenLen]; bytes.ContainsAny(part, "abcdefABCDEF") && different(part) > 3 { // zeros are zeros
			n.tokens[[tokenLen]byte(part)], n.first[place(part)] = name, true
		}
	}
}

// different counts the different bytes of p.
func different(p []byte) (n int) {
	for i, c := range p {
		if bytes.IndexByte(p[:i], c) < 0 {
			n++
		}
	}
	return n
}

// find looks for all of it, and names what it found, each once.
func (n *needles) find(text []byte) []string {
	found := map[string]bool{}
	for i := 0; i+pieceLen <= len(text); i++ {
		if !n.first[place(text[i:])] {
			continue
		}
		if name, ok := n.pieces[[pieceLen]byte(text[i:])]; ok {
			found[name] = true
		}
		if i+tokenLen <= len(text) {
			if name, ok := n.tokens[[tokenLen]byte(text[i:])]; ok {
				found[name] = true
			}
		}
	}
	for s, name := range n.short {
		if bytes.Contains(text, []byte(s)) {
			found[name] = true
		}
	}
	var out []string
	for name := range found {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// The search finds every form wherever it stands, also in part, and does not find
// what is not there.
func TestNeedlesFind(t *testing.T) {
	const s = "Canary-5ecret%&"
	n := newNeedles()
	n.secret("it", s)
	n.wire("it too", []byte("AUTH PLAIN AGFsaWNlAGNhbmFyeTEyMzQ1Njc4\r\nAPOP a "+digest))
	for form, text := range forms(s) {
		if len(n.find([]byte("some text "+text+" more"))) == 0 {
			t.Errorf("%s was not found", form)
		}
	}
	for _, text := range []string{"x-5ecret%&y", "got GFsaWNlAGNhb...", digest[5:20], base64.StdEncoding.EncodeToString([]byte("x\x00" + s + "yz"))} {
		if len(n.find([]byte(text))) == 0 {
			t.Errorf("%q was not found", text)
		}
	}
	if found := n.find([]byte("Canary, secret, AUTHENTICATIONFAILED, alice, c4c9334ba")); len(found) > 0 {
		t.Errorf("found %q", found)
	}
}
