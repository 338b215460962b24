//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// keyring holds the keys that sign the packages. Every Debian has it.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// build makes the root in a folder of its own and moves it into place when it is whole.
func build(dir, root string, log func(string)) error {
	work, err := os.MkdirTemp(dir, "making-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if log == nil {
		log = func(string) {}
	}
	log("downloading mail servers and clients (Debian " + suite + ") for the lab")
	archives, err := download(work)
	if err != nil {
		return err
	}
	log(fmt.Sprintf("unpacking %d packages", len(archives)))
	tree := filepath.Join(work, "tree")
	if err := unpack(tree, archives); err != nil {
		return err
	}
	if err := furnish(tree); err != nil {
		return err
	}
	return os.Rename(tree, root)
}

// download lets apt choose and fetch the packages. All its state is under work:
// what the host has installed plays no part.
func download(work string) ([]string, error) {
	if err := aptFolders(work); err != nil {
		return nil, err
	}
	if err := apt(work, "update"); err != nil {
		return nil, err
	}
	all := packages()
	for _, group := range all {
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
func aptFolders(work string) error {
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
	source := fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, mirror(), suite)
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
	return "http://deb.debian.org/debian"
}

// unpack lays the packages' files over each other. No script of a package runs.
func unpack(tree string, archives []string) error {
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.MkdirAll(filepath.Join(tree, "usr", d), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+d, filepath.Join(tree, d)); err != nil {
			return err
		}
	}
	work := make(chan string)
	errs := make(chan error, len(archives))
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for deb := range work {
				if err := unpackOne(tree, deb); err != nil {
					errs <- err
				}
			}
		})
	}
	for _, deb := range archives {
		work <- deb
	}
	close(work)
	wg.Wait()
	close(errs)
	return <-errs // nil when there was none
}

func unpackOne(tree, deb string) error {
	from := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	to := exec.Command("tar", "-x", "-C", tree, "--keep-directory-symlink", "--exclude=./usr/share/doc",
		"--exclude=./usr/share/man", "--exclude=./usr/share/locale", "--exclude=./usr/share/info", "--exclude=./usr/share/i18n")
	var out bytes.Buffer
	from.Stderr, to.Stderr = &out, &out
	pipe, err := from.StdoutPipe()
	if err != nil {
		return err
	}
	to.Stdin = pipe
	if err := from.Start(); err != nil {
		return err
	}
	err = to.Run()
	if e := from.Wait(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("unpack %s: %w: %s", filepath.Base(deb), err, lastLines(out.String(), 3))
	}
	return nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
