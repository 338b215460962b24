//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// keyring holds the keys that sign the packages. Every Debian has it.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// everywhere is the mirror that is near everybody.
const everywhere = "http://deb.debian.org/debian"

// download lets apt choose and fetch the packages. All its state is under work:
// what the host has installed plays no part.
func download(work string, groups [][]string) ([]string, error) {
	err := aptUpdate(work, mirror())
	if err != nil && mirror() != everywhere {
		err = aptUpdate(work, everywhere) // the host's mirror may not have the lab's release
	}
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		args := append([]string{"install", "--yes", "--download-only"}, group...)
		if err := apt(work, args...); err != nil {
			return nil, err
		}
	}
	archives, err := filepath.Glob(filepath.Join(work, "apt/cache/archives/*.deb"))
	if err == nil && len(archives) == 0 {
		err = fmt.Errorf("apt-get fetched nothing")
	}
	return archives, err
}

// aptUpdate fetches the lists of packages of a mirror.
func aptUpdate(work, mirror string) error {
	if err := aptFolders(work, mirror); err != nil {
		return err
	}
	return apt(work, "update")
}

// apt runs apt-get with the state under work.
func apt(work string, args ...string) error {
	cmd := exec.Command("apt-get", append([]string{"-qq", "-o", "Acquire::Retries=3"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "APT_CONFIG="+filepath.Join(work, "apt/apt.conf"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w: %s", args[0], err, lastLines(out.String(), 5))
	}
	return nil
}

// aptFolders writes an apt configuration that touches nothing of the host but
// keeps its proxy settings and its mirror.
func aptFolders(work, mirror string) error {
	a := filepath.Join(work, "apt")
	for _, d := range []string{"etc/preferences.d", "etc/apt.conf.d", "etc/sources.d", "state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a, d), 0o755); err != nil {
			return err
		}
	}
	conf := fmt.Sprintf(`Dir::Etc "%[1]s/etc";
Dir::Etc::sourcelist "%[1]s/etc/sources.list";
Dir::Etc::sourceparts "%[1]s/etc/sources.d";
Dir::State "%[1]s/state";
Dir::State::status "%[1]s/state/status";
Dir::Cache "%[1]s/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
%s`, a, proxies())
	source := fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, mirror, suite)
	for name, text := range map[string]string{"apt.conf": conf, "etc/sources.list": source, "state/status": ""} {
		if err := os.WriteFile(filepath.Join(a, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

var proxyPattern = regexp.MustCompile(`(?mi)^Acquire::(\S*proxy\S*|Check-Valid-Until|ForceIPv4) ".*";$`)

// proxies are the host's settings of how to reach a mirror.
func proxies() string {
	out, err := exec.Command("apt-config", "dump").Output()
	if err != nil {
		return "" // then apt goes straight
	}
	return string(bytes.Join(proxyPattern.FindAll(out, -1), []byte("\n"))) + "\n"
}

var mirrorPattern = regexp.MustCompile(`(?m)^(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(https?://[^\s]+/debian/?)(?:\s|$)`)

// mirror is where the host gets Debian itself from, so that a local mirror is used.
func mirror() string {
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	for _, f := range append([]string{"/etc/apt/sources.list"}, files...) {
		text, _ := os.ReadFile(f)
		if m := mirrorPattern.FindSubmatch(text); m != nil {
			return string(m[1])
		}
	}
	return everywhere
}
