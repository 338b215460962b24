package dialogtest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
)

// searchSecrets looks for the dialogue's secrets in every field of what was observed.
func (d *Dialogue) searchSecrets(t *testing.T, got []seen) {
	t.Helper()
	if len(d.secrets) == 0 {
		return
	}
	for i := range got {
		o := &got[i].Observation
		text := fmt.Sprintf("%+v %#v %+v %+v %+v", *o, *o, o.Server, o.TLS, o.Oddity)
		for n, s := range d.secrets {
			if form := Leaks(text, s); form != "" {
				t.Errorf("observation %d holds secret %d, %s", i+1, n+1, form)
			}
		}
	}
}

// Leaks says in which form text holds the secret: empty if in none.
func Leaks(text, secret string) string {
	lower := strings.ToLower(text)
	for align := range 3 {
		padded := append(make([]byte, align), secret...)
		encoded := base64.RawStdEncoding.EncodeToString(padded)
		// The first and the last character may depend on what surrounds the secret.
		first, last := (align*8+5)/6, len(encoded)-1
		if last-first >= 4 && (strings.Contains(text, encoded[first:last]) ||
			strings.Contains(text, strings.NewReplacer("+", "-", "/", "_").Replace(encoded[first:last]))) {
			return "as base64"
		}
	}
	wide := make([]byte, 0, 2*len(secret))
	for _, u := range utf16.Encode([]rune(secret)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	switch {
	case strings.Contains(text, secret):
		return "as it is"
	case strings.Contains(lower, hex.EncodeToString([]byte(secret))):
		return "as hex"
	case strings.Contains(text, string(wide)):
		return "as UTF-16"
	case strings.Contains(lower, hex.EncodeToString(wide)):
		return "as hex of UTF-16"
	case strings.Contains(text, url.QueryEscape(secret)):
		return "percent-encoded"
	}
	return ""
}
