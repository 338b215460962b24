//go:build linux

package deliverytest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleartap/output/syslog/testdaemon"
)

// inTmpfs runs what follows with a small file system of its own at dir, which nobody
// else sees.
func inTmpfs(dir, options string) []string {
	return []string{"unshare", "-m", "sh", "-ec", `mount --make-rprivate / && mount -t tmpfs -o ` + options + ` tmpfs "$0" && exec "$@"`, dir}
}

// names gives the accounts in JSON lines or messages, each once.
func names(text []byte) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`"name":"(u\d{6}@example\.org)"`).FindAllSubmatch(text, -1) {
		all[string(m[1])] = true
	}
	return all
}

// received gives the accounts that a receiver wrote down.
func received(d *testdaemon.Daemon) map[string]bool {
	text, _ := os.ReadFile(filepath.Join(d.Dir, "out"))
	return names(bytes.ReplaceAll(text, []byte(`\"`), []byte(`"`)))
}

// The disk under the spool is really full while the receiver is away. What has no room
// is lost, counted and told; the sensor goes on, and so does its other output; when the
// receiver is back, what was kept arrives, and so does what comes later.
func TestFullDiskUnderTheSpool(t *testing.T) {
	m, dir := newMail(t), t.TempDir()
	small, file := filepath.Join(dir, "small"), filepath.Join(dir, "alerts.jsonl")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	d := plainReceiver(t)
	s := launchBy(t, inTmpfs(small, "size=1m,mode=0700"), m, "--spool", small+"/spool", "--syslog", "tcp://"+d.Addr("tcp"), "--syslog-format", "json-cee", "-o", file, "--stats-interval", "1s").ready()
	written := func() map[string]bool {
		text, _ := os.ReadFile(file)
		return names(text)
	}
	logins, started := 0, time.Now()
	some := func(n int) {
		t.Helper()
		var four sync.WaitGroup
		for w := range 4 {
			four.Go(func() {
				for i := logins + w; i < logins+n; i += 4 {
					if err := m.login(i); err != nil {
						t.Error(err)
					}
				}
			})
		}
		four.Wait()
		if logins += n; t.Failed() {
			t.FailNow()
		}
	}
	for toldLost(s) < 100 && logins < 20_000 { // the first that is lost may be a health record
		some(100)
	}
	some(100)
	s.hears("cannot write: alerts wait in memory")
	s.hears("alerts lost: the disk refused them")
	s.hears("no space left on device")
	s.until("the file to have all", func() bool { return len(written()) == logins })
	s.hears("state=DEGRADED")
	d.Start()
	s.hears("takes alerts again")
	s.hears("can be written again")
	t.Logf("it was full %v after the start", time.Since(started).Round(time.Millisecond))
	begun := time.Now()
	s.until("what was kept to arrive", func() bool { return len(received(d))+toldLost(s) >= logins })
	t.Logf("what was kept had arrived %v after the receiver was back", time.Since(begun).Round(time.Millisecond))
	full := logins
	some(50)
	later := func() (n int) {
		for name := range received(d) {
			if i := numberOf(name); i >= full {
				n++
			}
		}
		return n
	}
	s.until("what came later to arrive", func() bool { return later() == 50 })
	t.Logf("what came later had arrived %v after the receiver was back", time.Since(begun).Round(time.Millisecond))
	report, err := exec.Command("nsenter", "--target", strconv.Itoa(s.cmd.Process.Pid), "--mount", program, "spool", "status", small+"/spool").CombinedOutput()
	if err != nil {
		t.Errorf("spool status: %v\n%s", err, report)
	}
	s.stop()
	lost := toldLost(s)
	got := received(d)
	t.Logf("%d logins, %d told as lost, %d arrived", logins, lost, len(got))
	if lost == 0 || len(got)+lost < logins || len(written()) != logins {
		t.Errorf("%d of %d arrived, %d are told as lost, %d are in the file", len(got), logins, lost, len(written()))
	}
	if len(got)+lost > logins+lost/10 { // health records count, too
		t.Errorf("%d arrived and %d are told as lost, of %d", len(got), lost, logins)
	}
}

// toldLost is how many alerts and health records a sensor says it lost for want of disk.
func toldLost(s *sensor) (lost int) {
	for _, l := range regexp.MustCompile(`event="(\d+) alerts lost: the disk refused them"`).FindAllStringSubmatch(s.said(), -1) {
		n, _ := strconv.Atoi(l[1])
		lost += n
	}
	return lost
}

// Spools that cannot be used: one line says which outputs it is about, why, and what
// to do; the sensor finds logins, and they arrive.
func TestSpoolsThatCannotBeUsed(t *testing.T) {
	m := newMail(t)
	d := plainReceiver(t)
	d.Start()
	other := filepath.Join(t.TempDir(), "spool")
	launch(t, m, "--spool", other, "--syslog", "tcp://"+d.Addr("tcp")).ready()
	for i, c := range []struct {
		name    string
		prepare func(dir string) error
		by      func(dir string) []string
		cause   string // with %s for the folder
		cure    string
	}{
		{"a symbolic link", func(dir string) error { return os.Symlink(t.TempDir(), dir) }, nil, "spool %s: is a symbolic link", "name the folder itself"},
		{"others may use it", func(dir string) error { return os.Mkdir(dir, 0o755) }, nil, "spool %s: others may use the folder (mode 0755)", "chmod 700 %s"},
		{"of another user", func(dir string) error {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return os.Chown(dir, 12345, 12345)
		}, nil, "spool %s: belongs to user 12345", "chown -R 0 %s"},
		{"a file", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, nil, "spool %s: is not a folder", "name another"},
		{"no parent", func(dir string) error { return os.Remove(filepath.Dir(dir)) }, nil, "spool %s: its parent folder does not exist", "mkdir -p"},
		{"not writable", func(string) error { return nil }, func(dir string) []string { return inTmpfs(filepath.Dir(dir), "ro") }, "spool %s: cannot make the folder: read-only file system", "let user 0 write in "},
		{"there, not writable", func(dir string) error { return os.Mkdir(dir, 0o700) }, func(dir string) []string { return inTmpfs(dir, "ro,mode=0700") }, "spool %s: cannot write in the folder: read-only file system", "let user 0 write there"},
		{"of a newer version", func(dir string) error {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return newer(dir)
		}, nil, "spool %s: format was written by a newer cleartap", "install that version again"},
		{"in use", func(string) error { return nil }, nil, "spool " + other + ": in use by another process", "give each sensor a folder of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "below", "spool")
			if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			name := func(text string) string { return strings.ReplaceAll(text, "%s", dir) }
			if c.name == "in use" {
				dir = other
			}
			var by []string
			if c.by != nil {
				by = c.by(dir)
			}
			s := launchBy(t, by, m, "--spool", dir, "--syslog", "tcp://"+d.Addr("tcp"), "--syslog-format", "json-cee").ready()
			lines := regexp.MustCompile(`(?m)^.*level=ERROR.*$`).FindAllString(s.said(), -1)
			if len(lines) != 1 || !strings.Contains(lines[0], name(c.cause)) || !strings.Contains(lines[0], name(c.cure)) || !strings.Contains(lines[0], "outputs=syslog") {
				t.Errorf("want one line with %q and %q for the output syslog; got %q", name(c.cause), name(c.cure), lines)
			}
			if err := m.login(900_000 + i); err != nil {
				t.Fatal(err)
			}
			s.until("the login to arrive", func() bool { return received(d)[user(900_000+i)] })
			s.stop()
		})
	}
}

// newer has a spool say that a later version wrote it.
func newer(dir string) error {
	text := fmt.Sprintf("cleartap-spool 2 %08x %020d", 77, 0)
	text += fmt.Sprintf(" %08x\n", crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli)))
	return os.WriteFile(filepath.Join(dir, "format"), []byte(text), 0o600)
}
