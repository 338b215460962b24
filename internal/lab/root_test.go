//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPruneKeepsWhatIsInUse(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"making-1", "root-old", "root-used"} {
		if err := os.MkdirAll(filepath.Join(dir, d, "usr"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []string{"root-old.lock", "root-used.lock"} {
		if err := os.WriteFile(filepath.Join(dir, l), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	use, err := lock(filepath.Join(dir, "root-used.lock"), unix.LOCK_SH)
	if err != nil {
		t.Fatal(err)
	}
	defer use.Close()
	prune(dir, "root")
	for d, want := range map[string]bool{"making-1": false, "root-old": false, "root-old.lock": false, "root-used": true, "root-used.lock": true} {
		if _, err := os.Stat(filepath.Join(dir, d)); (err == nil) != want {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestCacheDir(t *testing.T) {
	t.Setenv("CLEARTAP_LAB", "/somewhere")
	if got := CacheDir(); got != "/somewhere" {
		t.Error(got)
	}
	t.Setenv("CLEARTAP_LAB", "")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	if got := CacheDir(); got != "/cache/cleartap/lab" {
		t.Error(got)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if got := CacheDir(); !filepath.IsAbs(got) {
		t.Error(got)
	}
}

func TestRootIsMadeOnce(t *testing.T) {
	if _, ok := Available(); !ok {
		return
	}
	first, release, err := Root(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	again, release2, err := Root(func(s string) { t.Error("made again:", s) })
	if err != nil {
		t.Fatal(err)
	}
	release2()
	if again != first {
		t.Errorf("%s, then %s", first, again)
	}
	for _, f := range []string{"usr/sbin/dovecot", "usr/sbin/exim4", "usr/lib/postfix/sbin/master", "usr/bin/curl", "etc/passwd"} {
		if _, err := os.Stat(filepath.Join(first, f)); err != nil {
			t.Error(err)
		}
	}
}

func TestMirrorOfTheHost(t *testing.T) {
	for text, want := range map[string]string{
		"Types: deb\nURIs: http://mirror.example.org/debian\nSuites: bookworm\n":             "http://mirror.example.org/debian",
		"deb [signed-by=/x] https://mirror.example.org/pub/debian/ bookworm main\n":          "https://mirror.example.org/pub/debian/",
		"deb http://mirror.example.org/debian-security bookworm-security main\n":             "",
		"# deb http://mirror.example.org/debian bookworm main\ndeb http://a.example.org/x y": "",
	} {
		got := ""
		if m := mirrorPattern.FindStringSubmatch(text); m != nil {
			got = m[1]
		}
		if got != want {
			t.Errorf("%q gives %q", text, got)
		}
	}
}
