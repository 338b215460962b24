package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// server is what a program tells of a server of one capture.
type server struct {
	banners  []string
	versions map[string]int // handshakes
}

// servers compares inventories: banners, and versions and suites of TLS.
type servers struct {
	files, servers, banners, handshakes int
	only                                map[string]int
	rows                                [][5]string // capture, server, tshark, cleartap, reason
	unexplained                         int
	reasons                             map[string]string
}

func (r *servers) compare(binary, file string) error {
	theirs, err := tsharkServers(file)
	if err != nil {
		return err
	}
	ours, err := ownServers(binary, file)
	if err != nil {
		return err
	}
	for _, place := range slices.Sorted(maps.Keys(theirs)) {
		t, o := theirs[place], ours[place]
		if o == nil {
			if o = (&server{}); !t.isMail(place) {
				continue
			}
		}
		r.servers++
		switch same := slices.ContainsFunc(o.banners, func(b string) bool { return slices.Contains(t.banners, b) }); {
		case len(t.banners) == 0:
		case same:
			r.banners++
		default:
			r.differ(file, place, "banner", t.banners[len(t.banners)-1], strings.Join(o.banners, " "))
		}
		if !maps.Equal(t.versions, o.versions) && len(t.versions)+len(o.versions) > 0 {
			r.differ(file, place, "TLS", fmt.Sprint(t.versions), fmt.Sprint(o.versions))
		} else {
			for _, n := range t.versions {
				r.handshakes += n
			}
		}
	}
	for place, o := range ours {
		if theirs[place] != nil {
			continue
		}
		if len(o.banners) > 0 {
			r.only["banner"]++
		}
		for v, n := range o.versions {
			r.only[v] += n
		}
	}
	return nil
}

func (r *servers) differ(file, place, kind, theirs, ours string) {
	name := filepath.Base(file)
	reason := r.reasons[name+" "+place+" "+kind]
	if reason == "" {
		reason = r.reasons[name+" "+kind]
	}
	if reason == "" {
		reason = "**unexplained**"
		r.unexplained++
	}
	r.rows = append(r.rows, [5]string{name, place, theirs, ours, reason})
}

// fields are what tshark is asked for; | stands between them.
var fields = []string{"ip.src", "ipv6.src", "tcp.srcport", "tcp.stream", "_ws.col.Info", "tls.handshake.type", "tls.handshake.version",
	"tls.handshake.extensions.supported_version", "tls.handshake.random"}

// retry is the random of a ServerHello that asks for another ClientHello (RFC 8446 section 4.1.3).
const retry = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"

var hello = regexp.MustCompile(`^(Response: \* (OK|PREAUTH|BYE)|S: (220|421|554|\+OK|-ERR)|Response: 20[01] )`)

// tsharkServers runs tshark: the first reply of each connection, and each ServerHello.
func tsharkServers(file string) (map[string]*server, error) {
	args := []string{"-n", "-2", "-r", file, "-Y", "smtp.response or imap or pop.response or nntp.response or tls.handshake.type == 2", "-T", "fields", "-E", "separator=\x1f", "-E", "aggregator=;"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command("tshark", args...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	all, greeted := map[string]*server{}, map[string]bool{}
	for _, line := range strings.Split(string(out), "\n") {
		f := strings.Split(line, "\x1f")
		if len(f) != len(fields) {
			continue
		}
		place := lastOf(f[0])
		if f[0] == "" {
			place = lastOf(f[1])
		}
		place += " " + lastOf(f[2])
		s := all[place]
		if s == nil {
			s = &server{versions: map[string]int{}}
		}
		if text := f[4]; hello.MatchString(text) && !greeted[f[3]] {
			s.banners = append(s.banners, banner(text))
			all[place] = s
		}
		greeted[f[3]] = true
		if v := helloVersion(f); v != "" {
			s.versions[v]++
			all[place] = s
		}
	}
	return all, nil
}

// lastOf is the innermost of a tunnel's values.
func lastOf(values string) string { return values[strings.LastIndex(values, ";")+1:] }

// banner is a greeting as cleartap keeps it.
func banner(info string) string {
	text := strings.TrimPrefix(strings.TrimPrefix(info, "Response: "), "S: ")
	text, _, _ = strings.Cut(text, " | ")
	text = stamp.ReplaceAllString(text, "")
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return ' '
		}
		return r
	}, text)
	return blanks.ReplaceAllString(strings.TrimRight(text[:min(len(text), 128)], " "), " ")
}

var (
	stamp  = regexp.MustCompile(`<[^<>]*@[^<>]*>|<[^<>]*$`) // of APOP, also where tshark shows its beginning alone
	blanks = regexp.MustCompile(` +`)                       // for which tshark shows tabs as one
)

// isMail reports whether a server is one of mail: cleartap lists no others.
func (s *server) isMail(place string) bool {
	switch place[strings.LastIndexByte(place, ' ')+1:] {
	case "24", "25", "26", "110", "119", "143", "465", "563", "587", "993", "995", "2525", "4190":
		return true
	}
	return len(s.banners) > 0
}

// helloVersion is the version that a ServerHello chose, empty if the packet has none.
func helloVersion(f []string) string {
	if !slices.Contains(strings.Split(f[5], ";"), "2") || strings.Contains(strings.ReplaceAll(f[8], ":", ""), retry) && strings.Count(f[8], ";") == 0 {
		return ""
	}
	v := lastOf(f[7])
	if v == "" {
		v, _, _ = strings.Cut(f[6], ";")
	}
	return map[string]string{"0x0300": "SSL 3.0", "0x0301": "TLS 1.0", "0x0302": "TLS 1.1", "0x0303": "TLS 1.2", "0x0304": "TLS 1.3", "0x0002": "SSL 2.0"}[v]
}

// ownServers runs cleartap inventory.
func ownServers(binary, file string) (map[string]*server, error) {
	out, err := exec.Command(binary, "inventory", "--format", "json", "--merge", "none", file).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	all := map[string]*server{}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var v struct {
			IP, Banner string
			Port       int
			TLS        []struct {
				Version    string
				Handshakes int
			}
		}
		if err := dec.Decode(&v); err != nil {
			return nil, err
		}
		place := fmt.Sprintf("%s %d", v.IP, v.Port)
		s := all[place]
		if s == nil {
			s = &server{versions: map[string]int{}}
			all[place] = s
		}
		if v.Banner != "" {
			s.banners = append(s.banners, blanks.ReplaceAllString(strings.TrimRight(v.Banner, " "), " "))
		}
		for _, t := range v.TLS {
			s.versions[t.Version] += t.Handshakes
		}
	}
	return all, nil
}

// table writes what was found as Markdown.
func (r *servers) table() string {
	var w strings.Builder
	version, _ := exec.Command("tshark", "--version").Output()
	first, _, _ := strings.Cut(string(version), " (Git")
	fmt.Fprintf(&w, "# Servers beside tshark\n\nWritten by `go run ./internal/differential -servers -cleartap bin/cleartap FOLDER...` over %d captures, with %s.\n\n", r.files, strings.TrimSpace(first))
	fmt.Fprintf(&w, "| | |\n|---|---|\n| servers that tshark shows a greeting or a handshake of | %d |\n| greetings that agree | %d |\n| handshakes whose version agrees | %d |\n| differences | %d |\n",
		r.servers, r.banners, r.handshakes, len(r.rows))
	for _, k := range slices.Sorted(maps.Keys(r.only)) {
		fmt.Fprintf(&w, "| only cleartap: %s | %d |\n", k, r.only[k])
	}
	w.WriteString("\n| capture | server | tshark | cleartap | reason |\n|---|---|---|---|---|\n")
	for _, row := range r.rows {
		for i := range row {
			row[i] = cell(row[i])
		}
		fmt.Fprintf(&w, "| %s |\n", strings.Join(row[:], " | "))
	}
	return w.String()
}
