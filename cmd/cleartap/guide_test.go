package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cleartap/output/elasticsearch/testnode"
)

// shellBlocks gives the commands of a page.
func shellBlocks(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	inside := false
	for line := range strings.Lines(string(text)) {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "```sh":
			inside = true
		case trimmed == "```":
			inside = false
		case inside:
			b.WriteString(strings.TrimPrefix(line, "   "))
		}
	}
	return b.String()
}

// asCommand makes this test binary the command cleartap in a folder.
func asCommand(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "cleartap")); err != nil {
		t.Fatal(err)
	}
}

// tenMinutes runs the commands of the guide, with the test node's address, certificate
// and user.
func tenMinutes(t *testing.T, n *testnode.Node) {
	script := shellBlocks(t, "../../docs/start/elastic-in-10-min.md")
	for old, fresh := range map[string]string{
		"https://localhost:9200": n.URL(), "/etc/elasticsearch/certs/http_ca.crt": n.CAFile(), "--elasticsearch-user elastic": "--elasticsearch-user " + testnode.Admin,
	} {
		if strings.Count(script, old) != 1 {
			t.Fatalf("%q is not once in the guide", old)
		}
		script = strings.Replace(script, old, fresh, 1)
	}
	bin, work := t.TempDir(), t.TempDir()
	asCommand(t, bin)
	pcaps, err := filepath.Abs("../../pcaps")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pcaps, filepath.Join(work, "pcaps")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script)
	cmd.Dir, cmd.Stdin = work, strings.NewReader(testnode.Password+"\n")
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + work}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"PUT /_index_template/cleartap", "API key cleartap", "ok    elasticsearch: the alert", "output elasticsearch: ", "alerts delivered", "cleartap.yaml: good; 1 interface, 1 output,",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in what it printed:\n%s", want, out)
		}
	}
	for _, file := range []string{"dashboard.ndjson", "rules.ndjson", "sensor.key"} {
		if st, err := os.Stat(filepath.Join(work, file)); err != nil || st.Size() == 0 || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, st, err)
		}
	}
}
