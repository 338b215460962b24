package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStateFiles(t *testing.T) {
	for _, c := range []struct{ setting, folder, want string }{
		{"", "", ""}, {"none", "/var/lib/cleartap", ""}, {"/data/x.db", "/var/lib/cleartap", "/data/x.db"},
		{"", "/var/lib/cleartap", "/var/lib/cleartap/inventory.db"}, {"", "/var/lib/cleartap:/var/lib/other", "/var/lib/cleartap/inventory.db"},
	} {
		t.Setenv("STATE_DIRECTORY", c.folder)
		if got := StateFile(c.setting, "inventory.db"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// One file cannot be both, and what was seen cannot wait for ever.
func TestStateFilesAreChecked(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", "")
	path := filepath.Join(t.TempDir(), "c.yaml")
	for text, want := range map[string]string{
		"inventory: {path: /a/b}\nsignals: {state: /a/../a/b}\n": "inventory.path: /a/b is signals.state as well",
		"inventory: {save: 2h}\n":                                "inventory.save: 2h0m0s: want 1s to 1h0m0s",
		"inventory: {pat: /a}\n":                                 `did you mean "path"?`,
		"inventory: {path: /a/b}\nsignals: {state: /a/c}\n":      "",
		"inventory: {path: none}\nsignals: {state: none}\n":      "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, nil, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
