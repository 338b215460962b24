package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleartap/internal/config"
	"cleartap/output/elasticsearch/testnode"
)

// cli runs a command line and gives exit code, standard output and standard error.
func cliRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), append([]string{"cleartap"}, args...), strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// The whole way with a real node: setup, a key, a test alert, a scan, a live sensor.
func TestElasticsearch(t *testing.T) {
	n, err := testnode.New(testnode.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Kill()
	dir := t.TempDir()
	password, key := filepath.Join(dir, "password"), filepath.Join(dir, "key")
	if err := os.WriteFile(password, []byte(testnode.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	node := []string{"--elasticsearch", n.URL(), "--elasticsearch-ca", n.CAFile()}
	t.Run("setup", func(t *testing.T) {
		admin := append([]string{"setup", "elasticsearch", "--elasticsearch-user", testnode.Admin, "--elasticsearch-password-file", password, "--create-key", key}, node...)
		code, out, errs := cliRun(t, admin...)
		if code != exitDone || strings.Count(out, "created") != 3 || !strings.Contains(out, "written to "+key) {
			t.Fatalf("%d\n%s%s", code, out, errs)
		}
		if st, err := os.Stat(key); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", st.Mode(), err)
		}
		if code, _, errs := cliRun(t, admin...); code != exitUsage || !strings.Contains(errs, "the file is there already") {
			t.Errorf("again: %d %s", code, errs)
		}
	})
	t.Setenv(config.ElasticsearchKeyFile, key)
	t.Run("test output", func(t *testing.T) {
		code, out, errs := cliRun(t, append([]string{"test", "output"}, node...)...)
		if code != exitDone || !strings.HasPrefix(out, "ok    elasticsearch: the alert ") {
			t.Fatalf("%d\n%s%s", code, out, errs)
		}
		if hits := search(t, n, `{"term":{"tags":"test"}}`); len(hits) != 1 {
			t.Errorf("%d documents with the tag", len(hits))
		}
	})
	t.Run("scan", func(t *testing.T) { scanTo(t, n, node) })
	t.Run("shipped queries", func(t *testing.T) { shippedQueries(t, n) })
	t.Run("live", func(t *testing.T) { liveTo(t, n, node) })
	t.Run("the guide", func(t *testing.T) { tenMinutes(t, n) })
}

// search finds documents of the default stream.
func search(t *testing.T, n *testnode.Node, query string) []json.RawMessage {
	t.Helper()
	if err := n.Do("POST", "/logs-cleartap.alert-default/_refresh", nil, nil); err != nil {
		t.Fatal(err)
	}
	return find(t, n, query)
}

// find is search for what can be found already.
func find(t *testing.T, n *testnode.Node, query string) []json.RawMessage {
	t.Helper()
	var found struct {
		Hits struct {
			Hits []struct {
				Source json.RawMessage `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	if err := n.Do("POST", "/logs-cleartap.alert-default/_search", `{"size":1000,"query":`+query+`}`, &found); err != nil {
		t.Fatal(err)
	}
	var out []json.RawMessage
	for _, h := range found.Hits.Hits {
		out = append(out, h.Source)
	}
	return out
}

// Every alert of a scan is a document, as it is written to files; a second scan adds none.
func scanTo(t *testing.T, n *testnode.Node, node []string) {
	file := filepath.Join(t.TempDir(), "out.jsonl")
	code, _, errs := cliRun(t, append(append([]string{"scan", "--format", "none", "-o", file}, node...), "../../pcaps")...)
	if code != exitDone && code != exitPartial {
		t.Fatalf("%d %s", code, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, ids := map[string]bool{}, map[string]bool{} // some captures hold the same attempts in another form
	for line := range strings.Lines(string(text)) {
		var a struct{ Event struct{ ID string } }
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		want[strings.TrimSuffix(line, "\n")], ids[a.Event.ID] = true, true
	}
	hits := search(t, n, `{"bool":{"must_not":{"term":{"tags":"test"}}}}`)
	if len(hits) != len(ids) || len(ids) < 10 {
		t.Fatalf("%d documents, %d attempts in the file\n%s", len(hits), len(ids), errs)
	}
	for _, h := range hits {
		if !want[string(h)] {
			t.Errorf("not in the file: %s", h)
		}
	}
	before := ""
	if n := len(want) - len(ids); n > 0 {
		before = fmt.Sprintf(" (%d were there before)", n)
	}
	if line := fmt.Sprintf("output elasticsearch: %d alerts delivered%s\n", len(want), before); !strings.Contains(errs, line) {
		t.Errorf("want %q in:\n%s", line, errs)
	}
	_, _, errs = cliRun(t, append(append([]string{"scan", "--format", "none"}, node...), "../../pcaps")...)
	if line := fmt.Sprintf("output elasticsearch: %d alerts delivered (%d were there before)\n", len(want), len(want)); !strings.Contains(errs, line) {
		t.Errorf("want %q in:\n%s", line, errs)
	}
	if again := search(t, n, `{"bool":{"must_not":{"term":{"tags":"test"}}}}`); len(again) != len(ids) {
		t.Errorf("after a second scan %d documents, want %d", len(again), len(ids))
	}
}

// A login on the wire is a document that can be found two seconds later; what the
// sensor could not deliver is delivered by the next one.
func liveTo(t *testing.T, n *testnode.Node, node []string) {
	if os.Geteuid() != 0 {
		t.Log("not root: the live sensor is not tried")
		return
	}
	server := startIMAP(t)
	spool := filepath.Join(t.TempDir(), "spool")
	sense := func(user string, during func()) string {
		return senseOn(t, append([]string{"--ports", server.port, "--spool", spool}, node...), func(*lockedBuffer) {
			server.login(t, user)
			during()
		})
	}
	there := func(user string) func() bool {
		return func() bool { return len(find(t, n, `{"term":{"user.name":"`+user+`"}}`)) == 1 }
	}
	sense("idle@example.org", func() {
		begun := time.Now()
		waitFor(t, "the login to be found", there("idle@example.org"), func() string { return "" })
		t.Logf("found %v after the login", time.Since(begun).Round(time.Millisecond))
	})
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	sense("frozen@example.org", func() { time.Sleep(300 * time.Millisecond) })
	if err := n.Thaw(); err != nil {
		t.Fatal(err)
	}
	sense("after@example.org", func() {
		waitFor(t, "both logins to be found", func() bool { return there("frozen@example.org")() && there("after@example.org")() }, func() string { return "" })
	})
	noSecret(t, n, spool)
	if err := os.Symlink(spool, spool+"-link"); err != nil {
		t.Fatal(err)
	}
	spool += "-link"
	told := sense("memory@example.org", func() {
		waitFor(t, "the login to be found, though there can be no spool", there("memory@example.org"), func() string { return "" })
	})
	if !strings.Contains(told, "alerts that wait for outputs are in memory only") || !strings.Contains(told, "spool.dir") {
		t.Errorf("told:\n%s", told)
	}
	reload(t, n, server)
}

// senseOn runs a live sensor on the loopback interface while something happens, and
// gives what it told.
func senseOn(t *testing.T, args []string, during func(told *lockedBuffer)) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var told lockedBuffer
	ended := make(chan int)
	go func() {
		all := append([]string{"cleartap", "live", "-i", "lo", "--sandbox", "off", "--suppress", "0", "--sensor-name", "s"}, args...)
		ended <- run(ctx, all, strings.NewReader(""), &bytes.Buffer{}, &told)
	}()
	waitFor(t, "the sensor to listen", func() bool { return strings.Contains(told.String(), "msg=listening") }, told.String)
	during(&told)
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("live ended with %d:\n%s", code, told.String())
	}
	return told.String()
}

// noSecret looks for the password of the logins, plain and in base64, in what was
// stored and in what is left on the disk.
func noSecret(t *testing.T, n *testnode.Node, spool string) {
	t.Helper()
	look := func(where string, text []byte) {
		for _, s := range []string{"hunter2-canary", "aHVudGVyMi1jYW5hcnk", "h1bnRlcjItY2FuYXJ5", "odW50ZXIyLWNhbmFye"} {
			if bytes.Contains(text, []byte(s)) {
				t.Errorf("a secret is in %s", where)
			}
		}
	}
	docs := search(t, n, `{"match_all":{}}`)
	if len(docs) < 10 {
		t.Errorf("only %d documents were looked at", len(docs))
	}
	for _, d := range docs {
		look("a document", d)
	}
	files := 0
	err := filepath.WalkDir(spool, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		look(filepath.Base(path), text)
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files of the spool: %v", files, err)
	}
}

// A new configuration takes the spool over: what waited for the old output is still
// delivered, to where the output of that name now leads; the health record too.
func reload(t *testing.T, n *testnode.Node, server *imapServer) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cleartap.yaml")
	write := func(url, namespace string) {
		text := fmt.Sprintf("spool: {dir: %s}\nhealth: {interval: 1s}\noutputs:\n- {type: elasticsearch, url: ['%s'], ca: %s, namespace: %s, api_key: '${file:%s}'}\n",
			filepath.Join(dir, "spool"), url, n.CAFile(), namespace, os.Getenv(config.ElasticsearchKeyFile))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("https://localhost:1", "first") // nobody is there
	senseOn(t, []string{"--ports", server.port, "-c", file}, func(told *lockedBuffer) {
		server.login(t, "before@example.org")
		waitFor(t, "the fault to be told", func() bool { return strings.Contains(told.String(), "connection refused") }, told.String)
		write(n.URL(), "second")
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the reload", func() bool { return strings.Contains(told.String(), "configuration read again") }, told.String)
		server.login(t, "behind@example.org")
		count := func(stream, query string) int {
			var c struct{ Count int }
			if n.Do("POST", "/"+stream+"/_count", `{"query":`+query+`}`, &c) != nil {
				return 0
			}
			return c.Count
		}
		waitFor(t, "both logins and a health record", func() bool {
			return count("logs-cleartap.alert-second", `{"terms":{"user.name":["before@example.org","behind@example.org"]}}`) == 2 &&
				count("logs-cleartap.health-second", `{"term":{"event.kind":"metric"}}`) > 0
		}, told.String)
	})
}

func waitFor(t *testing.T, what string, holds func() bool, detail func() string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s\n%s", what, detail())
		}
	}
}

// lockedBuffer is a buffer that two goroutines may use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// imapServer says yes to every login.
type imapServer struct{ port string }

func startIMAP(t *testing.T) *imapServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "* OK ready\r\n")
			for lines := bufio.NewScanner(c); lines.Scan(); {
				tag, _, _ := strings.Cut(lines.Text(), " ")
				fmt.Fprintf(c, "%s OK done\r\n", tag)
			}
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return &imapServer{port}
}

func (s *imapServer) login(t *testing.T, user string) {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for _, line := range []string{"", "a1 LOGIN " + user + " hunter2-canary\r\n", "a2 LOGOUT\r\n"} {
		if _, err := fmt.Fprint(c, line); err != nil {
			t.Fatal(err)
		}
		if _, err := in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
}

// Sinks that cannot take the alerts: the scan says why, writes its files all the same,
// and exits with 4.
func TestSinksThatFail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	file := filepath.Join(t.TempDir(), "out.jsonl")
	code, _, errs := cliRun(t, "scan", "--format", "none", "-o", file, "--send-wait", "500ms", "--elasticsearch", "https://"+closed, "../../pcaps")
	if code != exitPartial || !strings.Contains(errs, "connection refused: is Elasticsearch running there?") || !strings.Contains(errs, "is given up") || !strings.Contains(errs, " not delivered") {
		t.Errorf("%d %s", code, errs)
	}
	if st, err := os.Stat(file); err != nil || st.Size() == 0 {
		t.Errorf("the file: %v, %v", st, err)
	}
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"scan", "--elasticsearch", "es.example.org:9200", "x"}, exitUsage, "--elasticsearch: url"},
		{[]string{"scan", "--elasticsearch-ca", "x", "y"}, exitUsage, "--elasticsearch-ca needs --elasticsearch URL"},
		{[]string{"scan", "--elasticsearch", "https://u:hunter2@x", "y"}, exitUsage, "it holds a name or password"},
		{[]string{"scan", "--elasticsearch", "https://x", "--elasticsearch-ca", "/nowhere/ca.pem", "../../pcaps"}, exitUsage, "--elasticsearch-ca /nowhere/ca.pem: no such file or folder"},
		{[]string{"setup"}, exitUsage, "want elasticsearch"},
		{[]string{"setup", "kibana"}, exitUsage, `unknown "kibana"`},
		{[]string{"setup", "elasticsearch"}, exitUsage, "want --elasticsearch URL, or --dry-run"},
		{[]string{"setup", "elasticsearch", "--dry-run", "--retention", "soon"}, exitUsage, `retention "soon"`},
		{[]string{"test", "output"}, exitUsage, "there is none"},
		{[]string{"test", "output", "--elasticsearch", "https://" + closed, "--wait", "300ms"}, exitPartial, ""},
		{[]string{"export", "dashbord"}, exitUsage, `did you mean "dashboard"?`},
	} {
		code, out, errs := cliRun(t, c.args...)
		if code != c.code || !strings.Contains(errs, c.text) || strings.Contains(out+errs, "hunter2") {
			t.Errorf("%v: %d %s%s", c.args, code, out, errs)
		}
	}
}

// What export prints is what it should be.
func TestExport(t *testing.T) {
	for _, args := range [][]string{{"template"}, {"role"}, {"role", "--setup"}, {"schema"}} {
		code, out, errs := cliRun(t, append([]string{"export"}, args...)...)
		if code != exitDone || errs != "" || !json.Valid([]byte(out)) {
			t.Errorf("export %v: %d %s\n%s", args, code, errs, out)
		}
	}
	for _, args := range [][]string{{"dashboard"}, {"rules"}} {
		code, out, _ := cliRun(t, append([]string{"export"}, args...)...)
		for line := range strings.Lines(out) {
			if code != exitDone || !json.Valid([]byte(line)) {
				t.Errorf("export %v: %d %s", args, code, line)
			}
		}
	}
	if code, out, _ := cliRun(t, "export", "rules", "--for", "sigma"); code != exitDone || strings.Count(out, "logsource:") < 3 || strings.Count(out, "\n---\n") != strings.Count(out, "logsource:")-1 {
		t.Errorf("%d %s", code, out)
	}
	if code, out, _ := cliRun(t, "setup", "elasticsearch", "--dry-run"); code != exitDone || strings.Count(out, "PUT /_") != 3 || !strings.Contains(out, "create_doc") {
		t.Errorf("%d %s", code, out)
	}
}
