package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"cleartap/capture"
	"cleartap/detectors/all"
	"cleartap/detectors/dialogtest"
	"cleartap/reassembly"
)

// spoken is one dialogue that the suite plays, and the secrets in it.
type spoken struct {
	name    string
	port    uint16
	parts   []dialogtest.Segment
	secrets []string
}

// everyDialogue gives the dialogue files of all protocols, the committed seeds of
// their fuzz targets, and dialogues with secrets planted where they do not belong.
func everyDialogue(t *testing.T) []spoken {
	t.Helper()
	var out []spoken
	for _, p := range all.Protocols() {
		if p.Layer {
			continue
		}
		folder := filepath.Join("../../detectors", p.Name, "testdata")
		for _, d := range dialogtest.Load(t, filepath.Join(folder, "*.txt")) {
			out = append(out, spoken{p.Name + "/" + d.Name, d.Port(p.Ports[0]), d.Segments(), d.Secrets()})
		}
		seeds, err := filepath.Glob(filepath.Join(folder, "fuzz/*/*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range seeds {
			d := dialogtest.Scripted(fuzzSeed(t, path))
			out = append(out, spoken{path, d.Port(p.Ports[0]), d.Segments(), nil})
		}
	}
	return append(out, planted(t)...)
}

// fuzzSeed reads the one argument of a seed file of go test -fuzz.
func fuzzSeed(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, quoted, ok := strings.Cut(string(text), "[]byte(")
	seed, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(quoted), ")"))
	if !ok || err != nil {
		t.Fatalf("%s: no seed: %v", path, err)
	}
	return []byte(seed)
}

// spots are dialogues with a secret, %s or its base64 %b, where it belongs, where it
// does not, and in what servers say back. The names of those who log in are NAME. Greetings
// have none: they are told as the server sent them to everybody.
var spots = map[string]string{
	"imap password":     "S: * OK ready\nC: a LOGIN NAME {%n+}\nC: %s\nS: a OK in",
	"imap echoed":       "S: * OK ready\nC: a LOGIN NAME {%n}\nS: + %s\nC: %s\nS: a BAD [%s] %s\nS: * BYE %s",
	"imap tag":          "S: * OK ready\nC: %s LOGIN NAME x\nS: %s NO [AUTHENTICATIONFAILED] %s",
	"imap verb":         "S: * OK ready\nC: a %s NAME\nS: a BAD no %s\nC: %s\nS: %s BAD",
	"imap code":         "S: * OK ready\nS: * OK [CAPABILITY IMAP4rev1 %b AUTH=%b] x\nC: a LOGIN NAME x\nS: a NO [%b] %s",
	"imap plain":        "S: * OK ready\nC: a AUTHENTICATE PLAIN\nS: + %b\nC: %p\nS: a NO %b",
	"imap plain broken": "S: * OK ready\nC: a AUTHENTICATE PLAIN %b\nS: a BAD %b\nC: b AUTHENTICATE PLAIN %s\nS: b NO x",
	"imap mechanism":    "S: * OK ready\nC: a AUTHENTICATE X-%b %b\nS: + %b\nC: %b\nS: a OK x",
	"imap id":           "S: * OK ready\nC: a ID (\"name\" \"%b\" \"user\" \"%b\")\nS: * ID (\"name\" \"%b\" \"version\" \"%b\")\nS: a OK\nC: b LOGIN NAME x\nS: b OK in",
	"imap append":       "S: * OK ready\nC: a APPEND x {%n+}\nC: %s\nS: a NO %s\nC: b LOGIN NAME x\nS: b OK in",
	"imap xoauth2":      "S: * OK ready\nC: a AUTHENTICATE XOAUTH2 %t\nS: + %b\nC: \nS: a NO x",
	"imap bearer":       "S: * OK ready\nC: a AUTHENTICATE OAUTHBEARER %o\nS: a OK x",
	"imap referral":     "S: * OK ready\nC: a LOGIN NAME %q\nS: a NO [REFERRAL imap://%b@/] %s",
	"imap alert":        "S: * OK ready\nS: * OK [ALERT] http://%b/ %s\nC: a LOGIN NAME %q\nS: a OK in",
	"smtp plain":        "S: 220 mx ESMTP\nC: EHLO %s\nS: 250-%s\nS: 250 AUTH PLAIN %b\nC: AUTH PLAIN %p\nS: 535 5.7.8 %s",
	"smtp login":        "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 %b\nC: %u\nS: 334 %b\nC: %b\nS: 235 2.7.0 %s",
	"smtp login raw":    "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH LOGIN\nC: AUTH LOGIN %u\nS: 334 x\nC: %s\nS: 501 5.5.2 %s",
	"smtp mechanism":    "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH %b\nC: AUTH %b %b\nS: 334 %b\nC: %b\nS: 504 %b",
	"smtp verb":         "S: 220 mx ESMTP\nC: %b\nS: 500 %b\nC: X%b %b\nS: 5xx %b\nC: AUTH PLAIN %p\nS: 999 %b",
	"smtp xclient":      "S: 220 mx ESMTP\nC: XCLIENT NAME=%b ADDR=%b LOGIN=%b\nS: 220 %b\nC: EHLO x\nS: 250 x\nC: AUTH PLAIN %p\nS: 538 %b",
	"smtp data":         "S: 220 mx ESMTP\nC: EHLO x\nS: 250 x\nC: AUTH PLAIN %p\nS: 235 ok\nC: DATA\nS: 354 x\nC: AUTH PLAIN %p\nC: .\nS: 250 %s",
	"smtp starttls":     "S: 220 mx ESMTP\nC: EHLO x\nS: 250 STARTTLS\nC: STARTTLS\nC: AUTH PLAIN %p\nC: %b\nS: 220 %s\nS: 235 ok",
	"smtp ntlm":         "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH NTLM\nC: AUTH NTLM\nS: 334 %b\nC: TlRMTVNTUAAB%b\nS: 334 TlRMTVNTUAAC%b\nC: TlRMTVNTUAAD%b\nS: 535 x",
	"smtp cram":         "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH CRAM-MD5\nC: AUTH CRAM-MD5\nS: 334 %b\nC: %c\nS: 235 ok",
	"pop3 pass":         "S: +OK ready <%b@x>\nC: USER NAME\nS: +OK %s\nC: PASS %s\nS: -ERR [%b] %s\nC: PASS %s\nS: +OK %s",
	"pop3 apop":         "S: +OK ready <1.2@x>\nC: APOP NAME %s\nS: -ERR %s\nC: APOP NAME %b %b\nS: +OK",
	"pop3 auth":         "S: +OK ready\nC: AUTH %b %b\nS: + %b\nC: %b\nS: -ERR %s\nC: AUTH PLAIN\nS: +\nC: %p\nS: +OK",
	"pop3 capa":         "S: +OK ready\nC: CAPA\nS: +OK\nS: SASL %b\nS: IMPLEMENTATION %b\nS: .\nC: USER NAME\nS: +OK\nC: PASS %s\nS: +OK",
	"sieve plain":       "S: \"IMPLEMENTATION\" \"x\"\nS: \"SASL\" \"PLAIN %b\"\nS: OK\nC: AUTHENTICATE \"PLAIN\" \"%p\"\nS: NO (%b) \"%b\"\nC: AUTHENTICATE \"PLAIN\" {%N+}\nC: %p\nS: OK (SASL \"%b\") \"%b\"",
	"nntp pass":         "S: 200 news\nC: AUTHINFO USER NAME\nS: 381 %s\nC: AUTHINFO PASS %s\nS: 481 %s\nC: AUTHINFO SASL PLAIN %p\nS: 283 %b",
}

// plantings are the encodings in which a secret may stand on the wire.
func plantings(s string) map[string]string {
	f := forms(s)
	out := map[string]string{}
	for _, name := range []string{"plain", "hex", "HEX", "url", "all percent", "utf-16le", "utf-16be", "reversed", "case swapped", "base64 0", "base64 1", "base64 2", "quoted"} {
		if text := f[name]; text != "" {
			out[name] = text
		}
	}
	return out
}

// planted gives the dialogues of spots for each secret in each encoding. What cannot
// stand in a line (a line end) is not in any of them.
func planted(t *testing.T) []spoken {
	t.Helper()
	ports := map[string]uint16{"imap": 143, "smtp": 587, "pop3": 110, "siev": 4190, "nntp": 119}
	var out []spoken
	for i, secret := range canaries {
		forms := plantings(secret)
		for _, form := range slices.Sorted(maps.Keys(forms)) { // in order: of two greetings of a server one is told
			s := forms[form]
			for _, place := range slices.Sorted(maps.Keys(spots)) {
				text := spots[place]
				user := fmt.Sprintf("user-%d", len(out))
				wire := strings.NewReplacer("%s", s, "%b", b64(s), "%n", strconv.Itoa(len(s)), "%p", b64("\x00"+user+"\x00"+s), "%N", strconv.Itoa(len(b64("\x00"+user+"\x00"+s))),
					"%q", `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)+`"`, "%u", b64(user), "%c", b64(user+" "+s), "NAME", user,
					"%t", b64("user="+user+"\x01auth=Bearer "+s+"\x01\x01"), "%o", b64("n,a="+user+",\x01host=x\x01auth=Bearer "+s+"\x01\x01")).Replace(text)
				d := spoken{name: fmt.Sprintf("secret %d as %s in %s", i, form, place), port: ports[place[:4]], secrets: []string{secret}}
				for line := range strings.SplitSeq(wire, "\n") {
					dir := reassembly.ToServer
					if line[0] == 'S' {
						dir = reassembly.ToClient
					}
					d.parts = append(d.parts, dialogtest.Segment{Dir: dir, Bytes: []byte(line[3:] + "\r\n")})
				}
				out = append(out, d)
			}
		}
	}
	return out
}

// recorded writes a capture of dialogues, one connection each.
func recorded(t *testing.T, dialogues []spoken) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, capture.LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialogueWriter{w: w, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	for i, s := range dialogues {
		client := clientOf(i)
		if err := d.connect(fmt.Sprintf("%s:40001 to 192.0.2.25:%d", client, s.port)); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.parts {
			d.ends[p.Dir].seq += uint32(p.Lost)
			d.now = d.now.Add(time.Duration(p.After) * time.Second)
			for part := range chunks(p.Bytes, 1400) {
				if err := d.send(int(p.Dir), string(part), true); err != nil {
					t.Fatal(err)
				}
			}
		}
		for from := range 2 {
			if err := d.segment(from, func(t *layers.TCP) { t.FIN, t.ACK = true, true }, ""); err != nil {
				t.Fatal(err)
			}
		}
		d.now = d.now.Add(5 * time.Second)
	}
	return out.Bytes()
}

func chunks(p []byte, n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(p) > 0 {
			k := min(n, len(p))
			if !yield(p[:k]) {
				return
			}
			p = p[k:]
		}
	}
}
