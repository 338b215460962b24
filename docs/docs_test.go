package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The table of what is detected names its tests: each must be there.
func TestDetectionNamesTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("detection.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+|detectors/[a-z0-9/_.]+)`").FindAllStringSubmatch(string(page), -1)
	if len(named) < 60 {
		t.Fatalf("only %d tests are named", len(named))
	}
	for _, m := range named {
		name := m[1]
		if strings.HasPrefix(name, "detectors/") {
			if _, err := os.Stat(filepath.Join("..", name)); err != nil {
				t.Errorf("%s is not there", name)
			}
		} else if !tests[name] {
			t.Errorf("no test is called %s", name)
		}
	}
}

// testNames collects the names of all tests and fuzz targets of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(b, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestRemedy(t *testing.T) {
	for _, c := range []struct {
		product, version string
		rows             int
		begins           string
	}{
		{"Dovecot", "2.4.1", 1, "Dovecot 2.4: "}, {"Dovecot", "2.3", 1, "Dovecot 2.3: "}, {"Dovecot", "", 3, "Dovecot 2.3: "}, {"Dovecot", "2.2.36", 3, "Dovecot 2.3: "},
		{"Postfix", "3.7", 1, "Postfix: "}, {"Cyrus", "3.6.1", 1, "Cyrus IMAP: "}, {"Microsoft Exchange", "", 1, "Exchange Server: "},
		{"Exim", "4.96", 1, "Exim: "}, {"Courier", "", 1, "Courier: "}, {"INN", "2.7", 1, "INN (NNTP): "}, {"", "", 0, ""}, {"CMailServer", "5.2", 0, ""},
	} {
		got := Remedy(c.product, c.version)
		if len(got) != c.rows || c.rows > 0 && !strings.HasPrefix(got[0], c.begins) {
			t.Errorf("%s %s: %q", c.product, c.version, got)
		}
	}
}
