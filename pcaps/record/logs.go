//go:build linux

package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"cleartap/internal/lab"
)

// tally is what a server's log says of one connection.
type tally struct {
	known    bool // the log says how its logins went
	accepted int
	refused  int // -1: not told
}

// logged reads the server's log for a connection; l is one of its logins.
func (s *stage) logged(l *login, node int) tally {
	port := strconv.Itoa(int(l.ClientPort))
	switch l.Server {
	case "Dovecot":
		return dovecotTally(s.log(fmt.Sprintf("/lab/dovecot-%d.log", node)), port)
	case "Postfix":
		return postfixTally(s.log("/lab/postfix.log"), port)
	case "Exim":
		return eximTally(s.log("/lab/exim/mainlog"), port)
	case "Courier":
		return courierTally(s.log("/lab/courier.log"), port)
	case "Cyrus":
		return cyrusTally(s.log("/lab/syslog"), l.User)
	}
	return tally{}
}

// log gives what a log holds since the scene began: ports are used again.
func (s *stage) log(name string) string {
	text := s.lab.Read(name)
	return text[min(s.marks[name], len(text)):]
}

// mark notes where the logs are.
func (s *stage) mark() {
	s.marks = map[string]int{}
	for _, name := range []string{"/lab/postfix.log", "/lab/exim/mainlog", "/lab/courier.log", "/lab/syslog",
		fmt.Sprintf("/lab/dovecot-%d.log", lab.OpenNode), fmt.Sprintf("/lab/dovecot-%d.log", lab.StrictNode), fmt.Sprintf("/lab/dovecot-%d.log", lab.PlainNode)} {
		s.marks[name] = len(s.lab.Read(name))
	}
}

var dovecotFailed = regexp.MustCompile(`auth failed, (\d+) attempts`)

func dovecotTally(log, port string) tally {
	t := tally{refused: -1}
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "rport="+port+",") {
			continue
		}
		if strings.Contains(line, "-login: Info: Login: ") {
			t.known = true
			t.accepted++
		}
		if m := dovecotFailed.FindStringSubmatch(line); m != nil {
			t.known = true
			t.refused, _ = strconv.Atoi(m[1])
		}
		if strings.Contains(line, "tried to use disallowed plaintext auth") {
			t.known = true
		}
	}
	return t
}

var postfixAuth = regexp.MustCompile(` auth=(\d+)(?:/(\d+))?`)

func postfixTally(log, port string) tally {
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "disconnect from ") || !strings.Contains(line, "]:"+port+" ") {
			continue
		}
		if m := postfixAuth.FindStringSubmatch(line); m != nil {
			ok, _ := strconv.Atoi(m[1])
			all, err := strconv.Atoi(m[2])
			if err != nil {
				all = ok
			}
			return tally{known: true, accepted: ok, refused: all - ok}
		}
	}
	return tally{}
}

func eximTally(log, port string) tally {
	t := tally{}
	for line := range strings.Lines(log) {
		switch {
		case !strings.Contains(line, "]:"+port):
		case strings.Contains(line, " A="):
			t.known, t.accepted = true, 1
		case strings.Contains(line, "authenticator failed"):
			t.known = true
			t.refused++
		}
	}
	return t
}

func courierTally(log, port string) tally {
	t := tally{}
	for line := range strings.Lines(log) {
		switch {
		case !strings.Contains(line, "port=["+port+"]"):
		case strings.Contains(line, "LOGIN FAILED"):
			t.known = true
			t.refused++
		case strings.Contains(line, "LOGIN, user="):
			t.known = true
			t.accepted++
		}
	}
	return t
}

// cyrusTally counts by user name, since Cyrus logs no ports: an account of its
// own for each connection makes that exact.
func cyrusTally(log, user string) tally {
	t := tally{}
	for line := range strings.Lines(log) {
		switch {
		case strings.Contains(line, "badlogin: ") && strings.Contains(line, user):
			t.known = true
			t.refused++
		case strings.Contains(line, "login: ") && strings.Contains(line, " "+user+" "):
			t.known = true
			t.accepted++
		}
	}
	return t
}

// compare checks the logins of one connection against its server's log.
func (s *stage) compare(logins []*login, node int) error {
	got := s.logged(logins[0], node)
	want := tally{}
	for _, l := range logins {
		if l.Result == "refused_insecure" || strings.Contains(l.Note, "insecure") {
			got.refused = -1 // counted or not, by the way it was refused
		}
		switch l.Result {
		case "success":
			want.accepted++
		case "failure":
			want.refused++
		}
	}
	word := "agrees"
	if !got.known {
		word = "silent"
	}
	for _, l := range logins {
		l.Checked.Log = word
	}
	if got.known && (got.accepted != want.accepted || (got.refused >= 0 && want.accepted == 0 && got.refused != want.refused)) {
		return fmt.Errorf("%s's log has %d accepted and %d refused logins from port %d, the recorder made %d and %d",
			logins[0].Server, got.accepted, got.refused, logins[0].ClientPort, want.accepted, want.refused)
	}
	return nil
}

// node is the last part of a lab address.
func node(l *login) int {
	for _, n := range []int{lab.OpenNode, lab.StrictNode, lab.PlainNode, lab.CyrusNode, lab.CourierNode, lab.EximNode} {
		if l.ServerIP == lab.IPv4(n).String() || l.ServerIP == lab.IPv6(n).String() {
			return n
		}
	}
	return 0
}
