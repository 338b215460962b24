// Package pcaps holds recorded captures and no code but this test of them.
package pcaps

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// truth is what the recorder says of a login, or that a file has none.
type truth struct {
	File, Proto, Mechanism, Command string
	ClientIP                        string `json:"client_ip"`
	ClientPort                      int    `json:"client_port"`
	ServerIP                        string `json:"server_ip"`
	ServerPort                      int    `json:"server_port"`
	Username, Authzid               string
	Outcome, Result                 string
	Events                          *int
}

// alert is what a golden file says of one.
type alert struct {
	Rule     struct{ ID string }
	Event    struct{ Outcome string }
	Network  struct{ Protocol string }
	Source   end
	Dest     end `json:"destination"`
	User     struct{ Name string }
	Log      struct{ File struct{ Path string } }
	Cleartap struct {
		Auth struct{ Command, Mechanism, Result, Authzid string }
	}
}

type end struct {
	IP   string
	Port int
}

func (t *truth) String() string {
	return fmt.Sprintf("%s %s %s %s:%d %s:%d %q %q %s %s", t.File, t.Proto, t.Command+"/"+t.Mechanism, t.ClientIP, t.ClientPort, t.ServerIP, t.ServerPort,
		t.Username, t.Authzid, t.Outcome, t.Result)
}

func (a *alert) String() string {
	c := a.Cleartap.Auth
	return fmt.Sprintf("%s %s %s %s:%d %s:%d %q %q %s %s", filepath.Base(a.Log.File.Path), a.Network.Protocol, c.Command+"/"+c.Mechanism, a.Source.IP, a.Source.Port,
		a.Dest.IP, a.Dest.Port, a.User.Name, c.Authzid, a.Event.Outcome, c.Result)
}

// read gives the lines of a file of JSON lines.
func read[T any](t *testing.T, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, v)
	}
	return out
}

// captures are the files of the folder that are captures.
func captures(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.pcap*", "*/*.pcap*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			if !strings.HasSuffix(n, ".golden.jsonl") {
				out = append(out, n)
			}
		}
	}
	return out
}

// others are the findings in the golden files that are about no single login: what
// the recorder made happen on the way to TLS, and that the lab signs its own certificate.
var others = map[string]int{
	"implicit-tls.pcap CT-TLS-009":     1,
	"starttls-refused.pcap CT-TLS-003": 3,
}

// What cleartap finds is what the recorder did: the golden files say nothing more
// and nothing else than the truth, which other code wrote.
func TestGoldenFilesAreTrue(t *testing.T) {
	var want, got []string
	for _, row := range read[truth](t, "truth.jsonl") {
		if row.Events == nil {
			if row.Authzid == row.Username {
				row.Authzid = "" // says nothing
			}
			want = append(want, row.String())
		}
	}
	goldens, err := filepath.Glob("*.golden.jsonl")
	if err != nil || len(goldens) == 0 {
		t.Fatal("no golden files")
	}
	found := map[string]int{}
	for _, g := range goldens {
		for _, a := range read[alert](t, g) {
			if strings.HasPrefix(a.Rule.ID, "CT-INV") { // servers are there in all of them
				continue
			}
			if a.Cleartap.Auth.Mechanism == "" {
				found[filepath.Base(a.Log.File.Path)+" "+a.Rule.ID]++
				continue
			}
			if a.Cleartap.Auth.Authzid == a.User.Name {
				a.Cleartap.Auth.Authzid = ""
			}
			got = append(got, a.String())
		}
	}
	if !maps.Equal(found, others) {
		t.Errorf("beside logins there are %v, want %v", found, others)
	}
	sort.Strings(want)
	sort.Strings(got)
	for i, k := 0, 0; i < len(want) || k < len(got); {
		switch {
		case k == len(got) || i < len(want) && want[i] < got[k]:
			t.Errorf("missed: %s", want[i])
			i++
		case i == len(want) || want[i] > got[k]:
			t.Errorf("false:  %s", got[k])
			k++
		default:
			i, k = i+1, k+1
		}
	}
}

// Each capture is described, in the README and in the truth, and each has its golden file.
func TestCapturesAreDescribed(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, row := range read[truth](t, "truth.jsonl") {
		known[row.File] = true
	}
	files := captures(t)
	if len(files) != len(known) {
		t.Errorf("%d captures, %d in truth.jsonl", len(files), len(known))
	}
	total := int64(0)
	for _, f := range files {
		if !known[filepath.Base(f)] {
			t.Errorf("%s is not in truth.jsonl", f)
		}
		if !bytes.Contains(readme, []byte("| "+f+" |")) {
			t.Errorf("%s is not in README.md", f)
		}
		golden := f
		if dir := filepath.Dir(f); dir != "." {
			golden = dir // a rotation set is read as one
		}
		if _, err := os.Stat(golden + ".golden.jsonl"); err != nil {
			t.Error(err)
		}
		if s, err := os.Stat(f); err == nil {
			total += s.Size()
		}
	}
	if total > 3<<20 {
		t.Errorf("the captures have %d bytes together", total)
	}
}

// No golden file holds a secret, in any of the usual encodings.
func TestGoldenFilesHoldNoSecret(t *testing.T) {
	text, err := os.ReadFile("secrets.txt")
	if err != nil {
		t.Fatal(err)
	}
	goldens, err := filepath.Glob("*.golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, g := range goldens {
		b, err := os.ReadFile(g)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	secrets := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(secrets) < 100 {
		t.Fatalf("%d secrets", len(secrets))
	}
	for i, s := range secrets {
		if strings.TrimSpace(s) == "" {
			t.Fatalf("secret %d is empty", i+1)
		}
		forms := [][]byte{[]byte(s), []byte(hex.EncodeToString([]byte(s)))}
		for pad := range 3 {
			e := base64.RawStdEncoding.EncodeToString(append(make([]byte, pad), s...))
			forms = append(forms, []byte(e[(pad*8+5)/6:(len(s)+pad)*8/6]))
		}
		for _, f := range forms {
			if bytes.Contains(all, f) {
				t.Errorf("secret %d is in a golden file", i+1)
			}
		}
	}
}
