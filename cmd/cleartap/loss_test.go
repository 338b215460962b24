package main

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// fragile are dialogues of which one segment more changes the story: their own hole, a
// tag that is used twice at once, replies out of order, a server of FTP that is one of SMTP
// without its greeting, text in a literal that is the reply to the letter, two
// replies to one login, a refusal of which only the "*" before it tells that it is none.
var fragile = []string{"/gap_", "smtp/r535_cancelled", "pop3/auth_cancelled_too_late", "pop3/auth_scram_cancelled_at_end", "nntp/scram_cancelled", "smtp/ftp_unknown_commands", "imap/fetch_decoy", "imap/bye_and_reply", "imap/same_tag", "imap/acap", "imap/bypass_after_success", "case15_replies_in_reverse", "managesieve/early_talker", "pop3/midstream_in_sasl", "managesieve/midstream_in_sasl", "/testdata/fuzz/"}

// Whatever one segment the capture lacks: no login is told as accepted or refused that
// was not, whoever's it is. What cannot be known is unknown.
func TestALostSegmentMakesNothingWrong(t *testing.T) {
	var whole, lossy []spoken
	var from []int // dialogue of a lossy one
	for _, d := range everyDialogue(t) {
		if strings.HasPrefix(d.name, "secret ") {
			continue
		}
		whole = append(whole, d)
		for k := range d.parts {
			if len(d.parts) > 60 || slices.ContainsFunc(fragile, func(f string) bool { return strings.Contains(d.name, f) }) {
				break
			}
			lossy, from = append(lossy, without(d, k)), append(from, len(whole)-1)
		}
	}
	one := func(_ *rand.Rand, p []byte) []part { return []part{{0, p}} }
	want, got := loginsOf(t, sent(t, whole, one)), loginsOf(t, sent(t, lossy, one))
	found := 0
	for i, d := range lossy {
		allowed := want[clientOf(from[i]).String()]
		for _, login := range got[clientOf(i).String()] {
			found++
			if login.result != "unknown" && !slices.ContainsFunc(allowed, func(w tried) bool { return mayBe(w, login) }) {
				t.Errorf("%s: got %+v, whole it is %+v", d.name, login, allowed)
			}
		}
	}
	t.Logf("%d logins in %d dialogues that lack a segment", found, len(lossy))
}

// without gives a dialogue whose part k no capture has.
func without(d spoken, k int) spoken {
	parts := slices.Concat(d.parts[:k], d.parts[k+1:])
	for i := k; i < len(parts); i++ {
		if parts[i].Dir == d.parts[k].Dir {
			parts[i].Lost += len(d.parts[k].Bytes)
			break
		}
	}
	return spoken{fmt.Sprintf("%s without part %d", d.name, k), d.port, parts, nil}
}

// mayBe reports whether a login may be what is left of a whole one: the reason of a refusal
// may be lost. Where the beginning of a message is lost, lines of it look like logins, but
// nobody answers them.
func mayBe(whole, left tried) bool {
	mail := map[string]bool{"smtp": true, "lmtp": true} // LHLO tells them apart
	return (left.user == whole.user || left.user == "") && (left.protocol == whole.protocol || mail[left.protocol] && mail[whole.protocol]) && left.mechanism == whole.mechanism &&
		(left.result == whole.result || left.result == "failure" && whole.result == "refused_insecure")
}
