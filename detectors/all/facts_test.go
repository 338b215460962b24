package all_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/reassembly"
)

// observe reads captures the way the sensor does, and gives what was observed, by the
// name of the file of the first packet.
func observe(t testing.TB, path string, report func(file string, o *detectors.Observation)) {
	t.Helper()
	in := capture.Find([]string{path}, capture.FindOptions{End: context.Background().Done()})
	for _, c := range in.Captures {
		for ; c != nil; c = c.Rest() {
			var read atomic.Int64
			src := c.Open(func(capture.Problem) {}, &read)
			files := src.Files()
			engine := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) {
				report(filepath.Base(files[o.Mark.File]), o)
			}})
			dec := capture.NewDecoder(capture.DecoderConfig{})
			asm := reassembly.New(reassembly.Config{Classify: engine.Classify, Open: engine.Open, MailPort: func(p uint16) bool { return capture.MailPorts().Has(p) }})
			var f capture.Frame
			var s capture.Segment
			for n := 0; src.Next(&f) == nil; n++ {
				if dec.Decode(&f, &s) {
					asm.Push(&s)
				}
				if n%1024 == 0 {
					asm.Tick(f.Time)
				}
			}
			asm.Flush()
			engine.Close()
			for _, p := range engine.Stats().Protocols {
				if p.Panics > 0 {
					t.Errorf("%s: a session of %s failed", files[0], p.Name)
				}
			}
			_ = src.Close()
		}
	}
}

// corpora gives the folders of $CLEARTAP_CORPUS that hold a file.
func corpora(t *testing.T, name string) []string {
	var out []string
	for _, dir := range filepath.SplitList(os.Getenv("CLEARTAP_CORPUS")) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join("../..", dir)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			out = append(out, dir)
		}
	}
	if len(out) == 0 {
		t.Skip("CLEARTAP_CORPUS names no folder with " + name)
	}
	return out
}

func lines[T any](t *testing.T, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	for in := bufio.NewScanner(f); in.Scan(); {
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// seenFlow is what was observed of a flow.
type seenFlow struct {
	protocol  string
	upgrade   string
	version   string
	suite     string
	offered   string // "true", "false", "unknown"
	handshake int
}

// flowsOf observes the captures of a folder, by file and flow.
func flowsOf(t *testing.T, dir string) map[string]*seenFlow {
	out := map[string]*seenFlow{}
	observe(t, filepath.Join(dir, "files"), func(file string, o *detectors.Observation) {
		key := strings.NewReplacer("[", "", "]", "").Replace(file + " " + o.Flow.Client.String() + " > " + o.Flow.Server.String())
		f := out[key]
		if f == nil {
			f = &seenFlow{offered: "unknown"}
			out[key] = f
		}
		f.protocol = o.Protocol
		switch o.Kind {
		case detectors.Offered:
			if !o.Offer.Refused && f.offered != "true" {
				f.offered = strconv.FormatBool(o.Offer.StartTLS)
			}
		case detectors.Upgraded:
			f.upgrade = o.Upgrade.Result.String()
		case detectors.Handshake:
			f.handshake++
			if o.TLS.Version != 0 {
				f.version, f.suite = strings.TrimPrefix(o.TLS.Version.String(), "TLS "), o.TLS.SuiteName
			}
		}
	})
	return out
}

// The TLS facts of other people's captures: each connection to a mail port, as two
// readers found them.
func TestSessionFacts(t *testing.T) {
	type session struct {
		File, Flow, Proto string
		Upgraded, Version string  `json:"-"`
		Up                *string `json:"upgraded"`
		Ver               *string `json:"tls_version"`
		Offered           string  `json:"starttls_offered"`
		Midstream         bool
		Empty             bool `json:"no_payload"`
	}
	for _, dir := range corpora(t, "sessions.jsonl") {
		flows, encrypted := flowsOf(t, dir), 0
		for _, s := range lines[session](t, filepath.Join(dir, "sessions.jsonl")) {
			f := flows[s.File+" "+s.Flow]
			if f == nil {
				if s.Up != nil || s.Ver != nil || s.Offered == "true" {
					t.Errorf("%s %s: nothing was observed", s.File, s.Flow)
				}
				continue
			}
			version := ""
			if s.Ver != nil {
				version = strings.TrimPrefix(*s.Ver, "TLSv")
				encrypted++
			}
			if f.version != version || f.handshake > 1 {
				t.Errorf("%s %s: version %q in %d handshakes, want %q", s.File, s.Flow, f.version, f.handshake, version)
			}
			if s.File == "suri-smtperr.pcap" && s.Up != nil && f.upgrade == "" {
				continue // a hello that the server answered with "402": the truth counts the try, but no TLS began
			}
			if up := f.upgrade == "implicit" || f.upgrade == "followed" || f.upgrade == "interrupted"; up != (s.Up != nil) {
				t.Errorf("%s %s: upgrade %q, want %v", s.File, s.Flow, f.upgrade, s.Up)
			}
			// The readers took HELO for an answer as well, which lists nothing.
			if (f.offered == "true") != (s.Offered == "true") {
				t.Errorf("%s %s: STARTTLS offered %s, want %s", s.File, s.Flow, f.offered, s.Offered)
			}
		}
		if encrypted < 10 {
			t.Errorf("%s: only %d encrypted connections", dir, encrypted)
		}
	}
}

// The TLS connections between real servers and clients, and what the servers offered
// before TLS.
func TestServerFacts(t *testing.T) {
	type connection struct {
		File         string
		ClientIP     string `json:"client_ip"`
		ClientPort   int    `json:"client_port"`
		ServerIP     string `json:"server_ip"`
		ServerPort   int    `json:"server_port"`
		How, Version string
		Cipher       string
	}
	for _, dir := range corpora(t, "tls.jsonl") {
		flows := flowsOf(t, dir)
		seen := 0
		for _, c := range lines[connection](t, filepath.Join(dir, "tls.jsonl")) {
			f := flows[fmt.Sprintf("%s %s:%d > %s:%d", c.File, c.ClientIP, c.ClientPort, c.ServerIP, c.ServerPort)]
			seen++
			how := map[bool]string{true: "implicit", false: "followed"}[c.How == "implicit"]
			if f == nil || f.version != c.Version || f.suite != c.Cipher || f.upgrade != how {
				t.Errorf("%+v: got %+v", c, f)
			}
		}
		for _, f := range flows {
			if f.version != "" {
				seen--
			}
		}
		if seen != 0 {
			t.Errorf("%s: %d connections with TLS are missing or too many", dir, seen)
		}
	}
	for _, dir := range corpora(t, "servers.jsonl") {
		compareServers(t, dir)
	}
}

// server is a line of servers.jsonl.
type server struct {
	File          string
	IP            string
	Port          int
	Proto         string
	Implicit      bool     `json:"implicit_tls"`
	StartTLS      bool     `json:"starttls_offered"`
	Plaintext     bool     `json:"plaintext_auth_offered_before_tls"`
	Mechanisms    []string `json:"auth_mechanisms"`
	LoginDisabled *bool    `json:"logindisabled"`
	User          *bool    `json:"pop3_user_capa"`
}

func compareServers(t *testing.T, dir string) {
	type learnt struct {
		offer     detectors.Offer
		plaintext bool
		implicit  bool
		offers    int
	}
	got := map[string]*learnt{}
	observe(t, filepath.Join(dir, "files"), func(file string, o *detectors.Observation) {
		key := fmt.Sprintf("%s %s %s", file, o.Flow.Server, o.Protocol)
		l := got[key]
		if l == nil {
			l = &learnt{}
			got[key] = l
		}
		switch o.Kind {
		case detectors.Upgraded:
			l.implicit = l.implicit || o.Upgrade.Result == detectors.Implicit
		case detectors.Offered:
			l.offers++
			l.offer.StartTLS = l.offer.StartTLS || o.Offer.StartTLS
			l.offer.LoginDisabled = l.offer.LoginDisabled || o.Offer.LoginDisabled
			l.offer.UserPass = l.offer.UserPass || o.Offer.UserPass
			l.offer.Mechanisms.Union(o.Offer.Mechanisms)
			l.plaintext = l.plaintext || o.Offer.Plaintext(o.Protocol)
		}
	})
	for _, s := range lines[server](t, filepath.Join(dir, "servers.jsonl")) {
		l := got[fmt.Sprintf("%s %s %s", s.File, netip.AddrPortFrom(netip.MustParseAddr(s.IP), uint16(s.Port)), s.Proto)]
		if l == nil {
			t.Errorf("%+v: nothing was observed", s)
			continue
		}
		if l.implicit != s.Implicit {
			t.Errorf("%+v: implicit TLS %t", s, l.implicit)
		}
		var names []string
		for _, m := range l.offer.Mechanisms.List() {
			names = append(names, string(m))
		}
		slices.Sort(names)
		if l.offer.StartTLS != s.StartTLS || l.plaintext != s.Plaintext || !slices.Equal(names, s.Mechanisms) {
			t.Errorf("%+v:\ngot %+v, mechanisms %q, password %t", s, l.offer, names, l.plaintext)
		}
		if s.LoginDisabled != nil && l.offer.LoginDisabled != *s.LoginDisabled || s.User != nil && l.offer.UserPass != *s.User {
			t.Errorf("%+v: got %+v", s, l.offer)
		}
	}
}
