package output

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"cleartap/detectors"
	"cleartap/internal/fuzzing"
)

// Whatever was sent as a name, the alert is valid JSON of valid UTF-8, its names
// are clean and bounded, and what the policy hides is not in it.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{"alice@example.org", "", "\x00\x1b[2J", "m\xfcller", "P@ss.word", "@", "a@b@c.de", "\u202eevil", "\xff\xfe", strings.Repeat("é", 300), "x\u0085\u2028"} {
		f.Add(s, s, s, byte(0))
	}
	key := []byte("0123456789abcdef0123456789abcdef")
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, identity, authzid, realm string, choice byte) {
		o := login()
		o.Attempt.Identity, o.Attempt.Authzid, o.Attempt.Realm = identity, authzid, realm
		o.Result = []detectors.Result{detectors.Success, detectors.Failure}[choice&1]
		policy := []Usernames{UsernamesAuto, UsernamesFull, UsernamesMasked, UsernamesPseudonym, UsernamesNone}[choice>>1%5]
		a := Redact(judge(t, o), Where{Path: identity}, &Policy{Usernames: policy, PseudonymKey: key})
		text := a.AppendJSON(nil)
		if !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("not valid: %q", text)
		}
		for _, name := range []string{a.User.Name, a.Cleartap.Auth.Authzid, a.Cleartap.Auth.Realm} {
			if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName+len("***") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
				t.Fatalf("%q", name)
			}
			if policy == UsernamesNone && name != "" {
				t.Fatalf("%q in spite of the policy", name)
			}
		}
		hidden := policy != UsernamesFull && (policy != UsernamesAuto || o.Result == detectors.Failure)
		local, _, _ := strings.Cut(cleanName(identity), "@")
		_, first := utf8.DecodeRuneInString(local)
		if hidden && (policy != UsernamesPseudonym || len(local) > 8) && strings.Trim(local[first:], "*") != "" && strings.HasPrefix(a.User.Name, local) {
			t.Fatalf("%q shows %q", policy, a.User.Name)
		}
	})
}
