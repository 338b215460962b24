package output

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"unicode/utf8"

	"cleartap/detectors"
)

// maxName is the greatest length of a user name in an alert, in characters.
const maxName = 256

// cleanName makes text of a name as it was sent. Sessions hand over clean names
// already; that none leaves unclean does not hang on it.
func cleanName(s string) string {
	if isClean(s) {
		return s
	}
	return detectors.Text([]byte(s))
}

// isClean reports whether cleanName would change nothing: the usual case.
func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7F {
			return false
		}
	}
	return len(s) <= maxName
}

// mask keeps the first character of a name, and what stands after the last @
// if it is a domain name: what looks like no domain may be part of a password.
func mask(name string) string {
	if name == "" {
		return ""
	}
	_, size := utf8.DecodeRuneInString(name)
	at := strings.LastIndexByte(name, '@')
	switch {
	case at < 0 || !isDomain(name[at+1:]):
		return name[:size] + "***"
	case at < size: // nothing before the @
		return "***" + name[at:]
	}
	return name[:size] + "***" + name[at:]
}

// isDomain reports whether s has the form of a domain name of two labels or
// more (RFC 1123 section 2.1), the last one of letters.
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	labels := 0
	for more := true; more; labels++ {
		var label string
		label, s, more = strings.Cut(s, ".")
		if !isLabel(label, !more) {
			return false
		}
	}
	return labels > 1
}

func isLabel(s string, last bool) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	if last && len(s) < 2 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (last || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// pseudonym is the name that stands for text under a key: 128 bits of
// HMAC-SHA-256 over the label, a zero byte and the text without blanks around it
// and in lower case, in hex.
func pseudonym(key []byte, label, text string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(label))
	m.Write([]byte{0})
	m.Write([]byte(strings.ToLower(strings.TrimSpace(text))))
	var out [32]byte
	for i, c := range m.Sum(nil)[:16] {
		out[2*i], out[2*i+1] = hex[c>>4], hex[c&0xF]
	}
	return string(out[:])
}

// The labels keep the pseudonym of a user apart from that of a client.
const (
	userLabel   = "cleartap-id-v1"
	clientLabel = "cleartap-client-v1"
)

// name gives a user name as the policy shows it.
func (p *Policy) name(sent string, failed bool) string {
	if sent == "" {
		return ""
	}
	how := p.Usernames
	if how == "" || how == UsernamesAuto {
		how = UsernamesFull
		if failed {
			how = UsernamesMasked
		}
	}
	switch how {
	case UsernamesFull:
		return cleanName(sent)
	case UsernamesMasked:
		return mask(cleanName(sent))
	case UsernamesPseudonym:
		return pseudonym(p.PseudonymKey, userLabel, cleanName(sent))
	}
	return "" // UsernamesNone, and whatever Validate would have refused
}

// realm gives a realm or domain as the policy shows it. It names no person, but
// is dropped where the user's name is not shown.
func (p *Policy) realm(sent string, failed bool) string {
	switch p.Usernames {
	case "", UsernamesAuto, UsernamesMasked:
		if s := cleanName(sent); !failed && p.Usernames != UsernamesMasked || isDomain(s) {
			return s
		}
		return ""
	case UsernamesFull:
		return cleanName(sent)
	}
	return ""
}
