//go:build linux

package lab_test

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cleartap/internal/lab"
)

// line is a line of a dialogue file that is said by either side.
type line struct {
	client bool
	bytes  string
	live   []string // kind, name and password: the response must fit the live server's challenge
}

// dialogue is a dialogue file of testdata: in the format of dialogtest, plus, in
// comments, which server of the lab it is about.
type dialogue struct {
	name  string
	node  int
	port  uint16
	lines []line
}

var nodes = map[string]int{"mail": lab.OpenNode, "strict": lab.StrictNode, "plain": lab.PlainNode, "exim": lab.EximNode, "cyrus": lab.CyrusNode}

// dialogues reads testdata/live_*.txt.
func dialogues(t *testing.T) []dialogue {
	t.Helper()
	files, err := filepath.Glob("testdata/live_*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues")
	}
	var all []dialogue
	for _, f := range files {
		d := dialogue{name: strings.TrimSuffix(filepath.Base(f), ".txt")}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var live []string
		for s := range strings.Lines(string(text)) {
			s = strings.TrimSuffix(s, "\n")
			if at, ok := strings.CutPrefix(s, "# live: "); ok {
				words := strings.Fields(at)
				port, err := strconv.Atoi(words[1])
				if err != nil {
					t.Fatal(err)
				}
				d.node, d.port = nodes[words[0]], uint16(port)
			}
			if rest, ok := strings.CutPrefix(s, "# live-"); ok {
				live = strings.Fields(strings.Replace(rest, ":", "", 1))
			}
			if l, ok := parseLine(s); ok {
				l.live, live = live, nil
				d.lines = append(d.lines, l)
			}
		}
		all = append(all, d)
	}
	return all
}

var behind = regexp.MustCompile(`\s+# want .*`)

func parseLine(s string) (line, bool) {
	if len(s) < 2 || s[0] != 'C' && s[0] != 'S' || s[1] != ':' {
		return line{}, false
	}
	text := strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(behind.ReplaceAllString(s[2:], ""))
	if rest, ok := strings.CutPrefix(text, "="); ok {
		return line{client: s[0] == 'C', bytes: strings.TrimPrefix(rest, " ")}, true
	}
	return line{client: s[0] == 'C', bytes: strings.TrimPrefix(text, " ") + "\r\n"}, true
}

// play says the client's lines to the live server. Lines that follow each other
// go out together; the server's are waited for.
func (d *dialogue) play(l *lab.Lab) error {
	t := l.Talk(netip.AddrPortFrom(lab.IPv4(d.node), d.port))
	last, pending := "", ""
	for i, s := range d.lines {
		if s.client {
			pending += answer(s, last)
			continue
		}
		if pending != "" {
			t.Send(pending)
			pending = ""
		}
		if got := d.await(t, s.bytes, i == 0); got != "" {
			last = got
		}
	}
	return t.Close()
}

// await waits for the line that stands where this one of the file does. Lines
// inside a reply are not waited for, as servers may have more or fewer of them.
func (d *dialogue) await(t *lab.Talk, want string, first bool) string {
	word, _, _ := strings.Cut(strings.TrimSuffix(want, "\r\n"), " ")
	switch d.port {
	case 143:
		if word == "*" && !first {
			return ""
		}
		return t.Wait(word)
	case 110:
		switch {
		case want == ".\r\n":
			t.WaitLine(".")
			return ""
		case word == "+OK" || word == "-ERR" || word == "+":
			return t.Wait("+OK", "-ERR", "+ ", "+\r\n")
		}
		return ""
	case 4190:
		if word == "OK" || word == "NO" {
			return t.Wait("OK", "NO", "BYE")
		}
		return ""
	}
	if len(want) > 3 && want[3] == '-' {
		return ""
	}
	for {
		got := t.Wait("2", "3", "4", "5")
		if got == "" || len(got) == 3 || got[3] == ' ' {
			return got
		}
	}
}

// answer gives the bytes of a client's line: those of the file, or what fits the
// challenge that was heard last.
func answer(s line, heard string) string {
	if len(s.live) == 0 {
		return s.bytes
	}
	kind, name, password := s.live[0], s.live[1], s.live[2]
	switch kind {
	case "apop":
		stamp := heard[strings.Index(heard, "<") : strings.Index(heard, ">")+1]
		sum := md5.Sum([]byte(stamp + password))
		return "APOP " + name + " " + hex.EncodeToString(sum[:]) + "\r\n"
	default:
		_, text, _ := strings.Cut(heard, " ")
		challenge, _ := base64.StdEncoding.DecodeString(text)
		mac := hmac.New(md5.New, []byte(password))
		mac.Write(challenge)
		return base64.StdEncoding.EncodeToString([]byte(name+" "+hex.EncodeToString(mac.Sum(nil)))) + "\r\n"
	}
}

// accounts are those that the dialogues speak of.
func accounts() []lab.Account {
	return []lab.Account{
		{Name: "alice@example.org", Password: "Canary-l1ve-pa55"},
		{Name: "bob@example.org", Password: "Canary-l1ve-pa55"},
		{Name: "admin@example.org", Password: "Canary-m4ster-pa55", Master: true},
	}
}

// startServers starts what the dialogues need, with one mail in bob's box.
func startServers(t *testing.T, l *lab.Lab) {
	t.Helper()
	if err := l.Accounts(accounts()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []lab.DovecotConfig{{Node: lab.OpenNode, TLS: true}, {Node: lab.StrictNode, TLS: true, Secure: true}, {Node: lab.PlainNode}} {
		if _, err := l.Dovecot(c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Postfix(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Exim(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Cyrus([]lab.Account{{Name: "carol", Password: "Canary-l1ve-pa55"}}); err != nil {
		t.Fatal(err)
	}
	talk := l.Talk(netip.AddrPortFrom(lab.IPv4(lab.OpenNode), 24))
	talk.Wait("220 ")
	for _, s := range []string{"LHLO client1.example.org", "MAIL FROM:<>", "RCPT TO:<bob@example.org>", "DATA"} {
		talk.Say(s)
		talk.Wait("250 ", "354 ")
	}
	talk.Say("Subject: how to log in", "", "USER decoy", "PASS Canary-l1ve-pa55", ".", "QUIT")
	talk.Wait("221 ")
	if err := talk.Close(); err != nil {
		t.Fatal(err)
	}
}
