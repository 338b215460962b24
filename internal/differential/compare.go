package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// login is one login as either program tells it.
type login struct {
	packet         int
	protocol, user string
	mechanism      string // cleartap only
	matched        bool
}

// difference is a login that the two programs do not tell alike.
type difference struct {
	capture, packet, tshark, own, reason string
}

type result struct {
	files, tshark, own, both int
	more                     map[string]int // what only cleartap names, by protocol and mechanism
	differences              []difference
	unexplained              int
	reasons                  map[string]string
}

func (r *result) compare(binary, file string) error {
	theirs, err := tsharkLogins(file)
	if err != nil {
		return err
	}
	ours, err := ownLogins(binary, file)
	if err != nil {
		return err
	}
	r.tshark += len(theirs)
	r.own += len(ours)
	for i := range theirs {
		if o := find(ours, &theirs[i]); o != nil {
			o.matched = true
			r.both++
			if !sameUser(theirs[i].user, o.user) {
				r.differ(file, &theirs[i], o)
			}
			continue
		}
		r.differ(file, &theirs[i], nil)
	}
	if r.more == nil {
		r.more = map[string]int{}
	}
	for _, o := range ours {
		if !o.matched {
			r.more[o.protocol+" "+o.mechanism]++
		}
	}
	return nil
}

// find gives the login of ours that is the same as t: same packet, or else the
// same user near by, for tshark names the packet of one line and cleartap that of another.
func find(ours []login, t *login) *login {
	for i := range ours {
		if o := &ours[i]; !o.matched && o.packet == t.packet && protocolOf(t.protocol, o.protocol) {
			return o
		}
	}
	for i := range ours {
		if o := &ours[i]; !o.matched && protocolOf(t.protocol, o.protocol) && sameUser(t.user, o.user) {
			return o
		}
	}
	return nil
}

func protocolOf(theirs, ours string) bool {
	return strings.EqualFold(theirs, ours) || (theirs == "SMTP" && ours == "lmtp") || (theirs == "POP" && ours == "pop3")
}

// sameUser compares names: tshark keeps the quotes of IMAP and sometimes the base64 of SMTP.
func sameUser(theirs, ours string) bool {
	plain := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.Trim(theirs, `"`))
	if strings.EqualFold(theirs, ours) || plain == ours {
		return true
	}
	decoded, err := base64.StdEncoding.DecodeString(theirs)
	return err == nil && string(decoded) == ours
}

func (r *result) differ(file string, t, o *login) {
	d := difference{capture: filepath.Base(file), packet: strconv.Itoa(t.packet), tshark: t.protocol + " " + t.user, own: "nothing"}
	if o != nil {
		d.own = fmt.Sprintf("packet %d: %s %s %s", o.packet, o.protocol, o.mechanism, o.user)
	}
	d.reason = r.reasons[d.capture+" "+d.packet]
	if d.reason == "" && o != nil {
		d.reason = whyNamesDiffer(t.user, o.user)
	}
	if d.reason == "" && o == nil {
		r.unexplained++
		d.reason = "**unexplained**"
	}
	r.differences = append(r.differences, d)
}

// whyNamesDiffer tells what tshark does with names that cleartap gives otherwise.
func whyNamesDiffer(theirs, ours string) string {
	switch {
	case theirs == "(null)":
		return "tshark keeps no name that came as an initial response"
	case theirs == "":
		return "tshark prints the first field of PLAIN, the empty authorization identity"
	case len(ours) == maxName && strings.HasPrefix(theirs, ours):
		return "cleartap cuts names to 256 characters"
	case strings.HasPrefix(ours, strings.Trim(theirs, `"`)+" "):
		return "tshark cuts the name at its first blank"
	default:
		return "tshark repeats the first name of the connection"
	}
}

const maxName = 256

var row = regexp.MustCompile(`^(\d+)\s+(\S+)\s+(.*?)\s*(Username in packet.*)?$`)

// tsharkLogins runs tshark's credentials tap.
func tsharkLogins(file string) ([]login, error) {
	out, err := exec.Command("tshark", "-n", "-o", "smtp.decryption:TRUE", "-q", "-z", "credentials", "-r", file).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err // a damaged capture makes it end with an error after its table
	}
	var all []login
	for _, line := range strings.Split(string(out), "\n") {
		if m := row.FindStringSubmatch(line); len(m) == 5 && isMail(m[2]) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, err
			}
			all = append(all, login{packet: n, protocol: m[2], user: m[3]})
		}
	}
	return all, nil
}

// isMail leaves out what is not cleartap's: FTP, HTTP, and others.
func isMail(protocol string) bool {
	switch strings.ToUpper(protocol) {
	case "POP", "POP3", "IMAP", "SMTP", "LMTP", "NNTP":
		return true
	}
	return false
}

// ownLogins runs cleartap scan.
func ownLogins(binary, file string) ([]login, error) {
	out, err := exec.Command(binary, "scan", "-q", "--format", "jsonl", "--usernames", "full", "--merge", "none", file).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || (exit.ExitCode() != 4 && exit.ExitCode() != 1)) {
		return nil, err
	}
	var all []login
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a struct {
			Rule     struct{ ID string }
			Network  struct{ Protocol string }
			User     struct{ Name string }
			Cleartap struct {
				Auth    struct{ Mechanism string }
				Capture struct{ Frame int }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, err
		}
		if strings.HasPrefix(a.Rule.ID, "CT-CRED") {
			all = append(all, login{packet: a.Cleartap.Capture.Frame, protocol: a.Network.Protocol,
				user: a.User.Name, mechanism: a.Cleartap.Auth.Mechanism})
		}
	}
	return all, lines.Err()
}
