//go:build linux

package deliverytest

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleartap/output/elasticsearch/testnode"
)

// wrong is an output that is set up wrongly, and what must be told of it.
type wrong struct {
	name, settings string
	cause, cure    string
}

// Outputs that are set up wrongly, all in one sensor, with a real node: of each there is
// one line that names it, the cause and the cure. The sensor goes on, and the good ones
// beside them take every alert at once.
func TestWrongOutputs(t *testing.T) {
	n, err := testnode.New(testnode.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	c := &cluster{n, filepath.Join(t.TempDir(), "key")}
	_, key, err := n.APIKey("sensor", nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, c.key, key)
	stranger, err := testnode.NewAuthority("a stranger")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	port := n.Port
	at := func(url string) string {
		return fmt.Sprintf("url: ['%s'], ca: %s, api_key: '${file:%s}'", url, n.CAFile(), c.key)
	}
	node, wrongKey, nobody := at(n.URL()), filepath.Join(t.TempDir(), "wrong"), closedPort(t)
	write(t, wrongKey, "bm9ib2R5OmF0LWFsbA==")
	expired := listenTLS(t, n.CA, now.Add(-2*time.Hour), now.Add(-time.Hour))
	unknown := listenTLS(t, stranger, now.Add(-time.Hour), now.Add(time.Hour))
	web := listenWeb(t)
	list := []wrong{
		{"nobody", at("https://localhost:" + nobody), "localhost:" + nobody + ": connection refused", "is Elasticsearch running there?"},
		{"no-name", at("https://es.invalid:9200"), "es.invalid:9200: no address is known for this name", "check the name in url"},
		{"no-tls", at(fmt.Sprintf("http://localhost:%d", port)), "the connection broke off", "does the server want https:// in url?"},
		{"other-server", at(web), "no Elasticsearch answers at this address (status 404)", "check host, port and path of url"},
		{"wrong-key", strings.Replace(node, c.key, wrongKey, 1), "the server does not accept the key or password (status 401)", "make an API key with the role of cleartap export role"},
		{"other-name", at(fmt.Sprintf("https://127.0.0.1:%d", port)), fmt.Sprintf("127.0.0.1:%d: the certificate is for another name than 127.0.0.1", port), "use a name of the certificate in url"},
		{"expired", at(expired), "the certificate has expired", "renew the server's certificate"},
		{"unknown-ca", at(unknown), "the certificate is of an unknown authority", "name the authority's certificate in ca"},
		{"no-template", node, "there is no data stream and no template to make it (404 index_not_found_exception)", "run cleartap setup elasticsearch"},
	}
	d, m := plainReceiver(t), newMail(t)
	d.Start()
	conf, dir := filepath.Join(t.TempDir(), "cleartap.yaml"), filepath.Join(t.TempDir(), "spool")
	text := "outputs:\n- {type: syslog, name: good, url: 'tcp://" + d.Addr("tcp") + "', format: json, cee: true}\n"
	for _, w := range list {
		text += "- {type: elasticsearch, name: " + w.name + ", timeout: 30s, " + w.settings + "}\n"
	}
	write(t, conf, text)
	s := launch(t, m, "-c", conf, "--spool", dir).ready()
	in := func(i int) {
		t.Helper()
		begun := time.Now()
		if err := m.login(i); err != nil {
			t.Fatal(err)
		}
		s.until("the login at the good output", func() bool { return received(d)[user(i)] })
		t.Logf("login %d was at the good output after %v", i, time.Since(begun).Round(time.Millisecond))
	}
	in(1)
	for _, w := range list {
		s.hears("output=" + w.name + "\n")
		told := lines(s.said(), "output="+w.name)
		if len(told) != 1 || !strings.Contains(told[0], "output "+w.name+" ") || !strings.Contains(told[0], w.cause) || !strings.Contains(told[0], w.cure) {
			t.Errorf("%s: want one line with %q and %q, got %q", w.name, w.cause, w.cure, told)
		}
	}
	in(2)

	// What somebody mends goes on by itself, within half a minute; at once after a reload.
	setup := exec.Command(program, "setup", "elasticsearch", "--elasticsearch", n.URL(), "--elasticsearch-ca", n.CAFile(), "--elasticsearch-user", testnode.Admin,
		"--elasticsearch-password-file", password(t)) //nolint:gosec // the program under test
	if out, err := setup.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write(t, wrongKey, key)
	s.reload()
	there := func(logins int) {
		t.Helper()
		s.until("the logins in Elasticsearch", func() bool { return c.logins(t) == logins })
	}
	there(2)

	// An index that is closed to writers, or that nearly full disks have made read-only.
	for i, block := range []string{"index.blocks.write", "index.blocks.read_only_allow_delete"} {
		want := []wrong{
			{cause: "the index is closed to writers (403 cluster_block_exception)", cure: "take the block index.blocks.write away"},
			{cause: "the index is read-only (429 cluster_block_exception)", cure: "make room there"},
		}[i]
		if err := n.Settings(stream, map[string]any{block: true}); err != nil {
			t.Fatal(err)
		}
		in(3 + i)
		s.hears(want.cause)
		if told := lines(s.said(), want.cause); len(told) > 2 || !strings.Contains(told[0], want.cure) {
			t.Errorf("%q", told)
		}
		if err := n.Settings(stream, map[string]any{block: nil}); err != nil {
			t.Fatal(err)
		}
		s.reload()
		there(3 + i)
	}
	s.refusedForGood(n, dir)
	s.stop()
	noSecretInFolder(t, dir)
}

// refusedForGood has a site's own template refuse documents. The node says why, and
// quotes the value; the log and the dead letters do not.
func (s *sensor) refusedForGood(n *testnode.Node, dir string) {
	s.t.Helper()
	for _, r := range []struct{ method, path, body string }{
		{"PUT", "/_component_template/cleartap-custom", `{"template":{"mappings":{"properties":{"user":{"properties":{"name":{"type":"ip"}}}}}}}`},
		{"POST", "/" + stream + "/_rollover", "{}"},
	} {
		if err := n.Do(r.method, r.path, r.body, nil); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.mail.login(77); err != nil {
		s.t.Fatal(err)
	}
	s.hears("output no-template refused 1 alerts for good, the first of them with 400 document_parsing_exception")
	var out []byte
	s.until("the dead letter", func() bool {
		var err error
		if out, err = exec.Command(program, "spool", "dead-letter", "--sink", "no-template", dir).CombinedOutput(); err != nil { //nolint:gosec // the program under test
			s.t.Fatalf("%v\n%s", err, out)
		}
		return strings.Contains(string(out), "400")
	})
	if !strings.Contains(string(out), "document_parsing_exception") || strings.Contains(string(out)+s.said(), user(77)) {
		s.t.Errorf("dead letters:\n%s\nlog:\n%s", out, s.said())
	}
}

// lines gives those with a text in them.
func lines(text, with string) (out []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, with) {
			out = append(out, line)
		}
	}
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func password(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	write(t, path, testnode.Password)
	return path
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// listenTLS is a server with a certificate for localhost that gets no further than it.
func listenTLS(t *testing.T, by *testnode.Authority, from, to time.Time) string {
	t.Helper()
	cert, key, err := by.Issue("localhost", from, to)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = c.(*tls.Conn).Handshake() // it fails
				_ = c.Close()
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "https://localhost:" + port
}

// listenWeb is a web server that is no Elasticsearch.
func listenWeb(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	t.Cleanup(func() { _ = web.Close() })
	go func() { _ = web.Serve(l) }()
	return "http://" + l.Addr().String()
}
