package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cleartap/detectors"
	"cleartap/detectors/all"
)

// suite is all that is played, what may not come out of it, and what did come out.
type suite struct {
	dialogues []spoken
	needles   *needles
	dir       string // captures of the dialogues, sound and damaged
	written   map[string][]byte
	listener  net.Listener
}

// newSuite records every dialogue and damages some of the captures.
func newSuite(t *testing.T) *suite {
	t.Helper()
	s := &suite{dialogues: everyDialogue(t), needles: newNeedles(), dir: t.TempDir(), written: map[string][]byte{}}
	for _, d := range s.dialogues {
		for _, secret := range d.secrets {
			s.needles.secret(d.name, secret)
		}
		for _, p := range d.parts {
			s.needles.wire(d.name, p.Bytes)
		}
	}
	s.needles.secret("a digest", digest)
	s.knowCaptures(t)
	whole := recorded(t, s.dialogues)
	bad := canaries[0] + strings.Repeat("x", 100)
	for name, content := range map[string][]byte{
		"whole.pcap": whole, "cut.pcap": whole[:len(whole)/3], "text.pcap": []byte(bad), "text.pcapng": []byte("\x0a\x0d\x0d\x0a" + bad), "zipped.pcap.gz": []byte("\x1f\x8b\x08" + bad),
		"hurt.pcap": slices.Concat(whole[:len(whole)/4], []byte("\xff\xff\xff\xff"+bad), whole[len(whole)/4:len(whole)/2]),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// knowCaptures adds the secrets of the captures in pcaps/.
func (s *suite) knowCaptures(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("../../pcaps/secrets.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		s.needles.secret("pcaps/secrets.txt", strings.TrimRight(line, "\n"))
	}
	files, _ := filepath.Glob("../../pcaps/*.pcap")
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s.needles.wire(path, raw)
	}
}

// run runs a command line and keeps what it writes.
func (s *suite) run(t *testing.T, codes []int, stdin io.Reader, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), append([]string{"cleartap"}, args...), stdin, &out, io.MultiWriter(&out)); !slices.Contains(codes, code) {
		t.Fatalf("%q: exit code %d: %.2000s", args, code, out.String())
	}
	name := strings.Join(args, " ")
	s.written[name] = append(s.written[name], out.Bytes()...)
	return out.String()
}

// keep takes in a file, or all files below a folder.
func (s *suite) keep(t *testing.T, path string) {
	t.Helper()
	err := filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		s.written[path] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// check looks for the needles in all that was written.
func (s *suite) check(t *testing.T) {
	t.Helper()
	for where, text := range s.written {
		if found := s.needles.find(text); len(found) > 0 {
			t.Errorf("%s: %d leaks, such as %q", where, len(found), found[:min(3, len(found))])
		}
	}
}

// anyResult is the exit code of a scan of inputs of which some are damaged.
var anyResult = []int{exitPartial}

// Whatever is scanned, however it is told, wherever it is sent: nothing that leaves the
// program holds a secret or anything that was encoded on the wire.
func TestCanarySuite(t *testing.T) {
	s := newSuite(t)
	t.Run("formats and levels", func(t *testing.T) { s.formats(t) })
	t.Run("sinks", func(t *testing.T) { s.sinks(t) })
	t.Run("inventory and notices", func(t *testing.T) { s.servers(t) })
	t.Run("errors", func(t *testing.T) { s.faults(t) })
	t.Run("live", func(t *testing.T) { s.live(t) })
	s.check(t)
	size := 0
	for _, text := range s.written {
		size += len(text)
	}
	t.Logf("%d dialogues; %d pieces of secrets and %d of encoded messages looked for in %d outputs, %d bytes", len(s.dialogues), len(s.needles.pieces), len(s.needles.tokens), len(s.written), size)
}

// formats scans with each format, level of logging and manner of naming users. Names
// that are secrets themselves are masked under auto only, and none is planted.
func (s *suite) formats(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("0123456789abcdefghijklmnopqrstuvwxyz"), 0o600); err != nil {
		t.Fatal(err)
	}
	levels := []string{"error", "warn", "info", "debug"}
	policies := []string{"auto", "full", "masked", "pseudonym", "none"}
	for i, format := range []string{"jsonl", "csv", "table", "none", "jsonl"} {
		s.run(t, anyResult, nil, "scan", "--format", format, "--log-level", levels[i%4], "--usernames", policies[i], "--clients", "pseudonym", "--pseudonym-key", key,
			"--secret-marks", "--progress", "plain", s.dir, pcapsDir)
	}
	dir := t.TempDir()
	args := []string{"scan", "--format", "none", "--usernames", "full", "--log-level", "debug"}
	for _, ending := range []string{"jsonl", "csv", "txt", "eve.json", "ocsf.json"} {
		args = append(args, "-o", filepath.Join(dir, "o."+ending))
	}
	s.run(t, anyResult, nil, append(args, s.dir, pcapsDir)...)
	s.keep(t, dir)
	alerts, err := os.ReadFile(filepath.Join(dir, "o.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	s.closedLists(t, alerts)
}

// closedLists checks that every login's mechanism, command, reply and protocol are
// words of ours, and that enough logins were found to mean anything.
func (s *suite) closedLists(t *testing.T, alerts []byte) {
	t.Helper()
	protocols := map[string]bool{"lmtp": true, "": true}
	for _, p := range all.Protocols() {
		protocols[p.Name] = true
	}
	known := map[string]bool{string(detectors.MechUserPass): true, string(detectors.MechAPOP): true, "UNKNOWN": true, "": true}
	for _, m := range (detectors.MechanismSet{^uint64(0), ^uint64(0)}).List() {
		known[string(m)] = true
	}
	logins, users := 0, map[string]bool{}
	for line := range bytes.Lines(alerts) {
		var a struct {
			Network  struct{ Protocol string }
			User     struct{ Name string }
			Cleartap struct {
				Auth struct {
					Mechanism, Command string
					Reply              string `json:"reply_code"`
				}
			}
		}
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		logins++
		users[a.User.Name] = true
		auth := a.Cleartap.Auth
		if !known[auth.Mechanism] || !protocols[a.Network.Protocol] || len(auth.Command) > 12 || len(auth.Reply) > 40 {
			t.Errorf("a closed list was left: %q %q %q %q", a.Network.Protocol, auth.Mechanism, auth.Command, auth.Reply)
		}
	}
	missing := 0
	for i := range s.dialogues {
		if strings.HasPrefix(s.dialogues[i].name, "secret ") && !users[fmt.Sprintf("user-%d", i-s.plantedFrom())] {
			missing++
		}
	}
	if logins < 1000 || missing > len(s.dialogues)/2 {
		t.Errorf("%d logins, %d planted dialogues without one: the secrets were not tried", logins, missing)
	}
}

// plantedFrom is the index of the first dialogue with a planted secret.
func (s *suite) plantedFrom() int {
	return slices.IndexFunc(s.dialogues, func(d spoken) bool { return strings.HasPrefix(d.name, "secret ") })
}

// sinks sends to receivers of every kind that accept, refuse and quote.
func (s *suite) sinks(t *testing.T) {
	taker := newTaker(t)
	for _, format := range []string{"native", "json", "json-cee", "eve", "eve-cee", "cef", "leef1", "leef2"} {
		s.run(t, anyResult, nil, "scan", "--format", "none", "--usernames", "full", "--log-level", "debug", "--syslog", "tcp://"+taker.addr, "--syslog-format", format, s.dir)
	}
	s.written["syslog"] = []byte(strings.Join(taker.messages(), "\n"))
	if n := len(taker.messages()); n < 8*1000 {
		t.Errorf("only %d messages", n)
	}
	es := newQuoter(t)
	t.Setenv("CLEARTAP_ELASTICSEARCH_API_KEY", "id:key")
	s.run(t, anyResult, nil, "scan", "--format", "none", "--usernames", "full", "--log-level", "debug", "--send-wait", "2s", "--elasticsearch", es.URL, s.dir)
	s.written["elasticsearch"] = es.got.Bytes()
	if es.got.Len() < 100_000 {
		t.Errorf("only %d bytes were sent", es.got.Len())
	}
	s.run(t, anyResult, nil, "scan", "--format", "none", "--log-level", "debug", "--send-wait", "500ms", "--kafka", "127.0.0.1:1/t", "--syslog", "tcp://127.0.0.1:1", s.dir)
}

// quoter is a server in the place of Elasticsearch that refuses every other document,
// and says more than it should.
type quoter struct {
	*httptest.Server
	got bytes.Buffer
}

func newQuoter(t *testing.T) *quoter {
	t.Helper()
	q := &quoter{}
	q.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in io.Reader = r.Body
		if z, err := gzip.NewReader(r.Body); err == nil && r.Header.Get("Content-Encoding") == "gzip" {
			in = z
		}
		body, err := io.ReadAll(in)
		if err != nil || !strings.HasSuffix(r.URL.Path, "_bulk") {
			fmt.Fprintf(w, `{"version":{"number":"8.15.0"},"tagline":%q}`, canaries[0])
			return
		}
		q.got.Write(body) // one request at a time
		var items []string
		for i := range bytes.Count(body, []byte("\n")) / 2 {
			status := []int{201, 400}[i%2]
			items = append(items, fmt.Sprintf(`{"create":{"status":%d,"error":{"type":"document_parsing_exception","reason":%q}}}`, status, canaries[0]))
		}
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"errors":true,"items":[%s]}`, strings.Join(items, ","))
	}))
	t.Cleanup(q.Close)
	return q
}

// servers looks at the inventory and the notices.
func (s *suite) servers(t *testing.T) {
	for _, format := range []string{"table", "json", "csv", "shadowserver", "intelmq"} {
		s.run(t, anyResult, nil, "inventory", "--format", format, s.dir, pcapsDir)
	}
	for _, format := range []string{"markdown", "plain"} {
		s.run(t, anyResult, nil, "notify", "--format", format, "--details", "--usernames", "full", s.dir, pcapsDir)
		dir := t.TempDir()
		s.run(t, anyResult, nil, "notify", "--format", format, "-o", dir, s.dir)
		s.keep(t, dir)
	}
}

// cutInside gives the beginning of a pcap file of ours, cut within the record that offset n
// lies in: cut between two, it would be sound.
func cutInside(pcap []byte, n int) []byte {
	const fileHeader, recordHeader = 24, 16
	for at := fileHeader; ; {
		next := at + recordHeader + int(binary.LittleEndian.Uint32(pcap[at+8:]))
		if next > n {
			return pcap[:at+recordHeader+1]
		}
		at = next
	}
}

// faults takes the ways on which things go wrong: standard input that is cut or throws,
// a full disk, a folder that is not there, wrong arguments.
func (s *suite) faults(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(s.dir, "whole.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	failed := []int{exitPartial, exitFailed}
	half := cutInside(whole, len(whole)/2)
	s.run(t, failed, bytes.NewReader(half), "scan", "--log-level", "debug", "-")
	s.run(t, failed, thrower{}, "scan", "--log-level", "debug", "-")
	s.run(t, failed, io.MultiReader(bytes.NewReader(half), thrower{}), "scan", "--log-level", "debug", "-")
	s.run(t, failed, io.MultiReader(bytes.NewReader(whole[:5000]), strings.NewReader(canaries[1])), "scan", "--log-level", "debug", "-")
	for _, ending := range []string{"jsonl", "csv", "eve.json", "ocsf.json", "txt"} {
		full := filepath.Join(t.TempDir(), "full."+ending)
		if err := os.Symlink("/dev/full", full); err != nil {
			t.Fatal(err)
		}
		told := s.run(t, failed, nil, "scan", "--log-level", "debug", "-o", full, s.dir)
		if !strings.Contains(told, "no space left on device") {
			t.Errorf("%s: a full disk was not told", ending)
		}
	}
	for _, name := range []string{"text.pcap", "text.pcapng", "zipped.pcap.gz"} {
		s.run(t, failed, nil, "scan", "--log-level", "debug", filepath.Join(s.dir, name))
	}
}
