//go:build linux

package livetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// blocks gives the shell blocks of a page, in order.
func blocks(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	var out []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	return out
}

// pretend makes a machine of the namespace on which the guide can be followed
// word for word: an own /etc and /usr/local/bin, eth1 as the mirror, and stand-ins
// for sudo, which root does not need, and for systemctl, which would need a systemd.
const pretend = `
ip link set m1 down; ip link set m1 name eth1
cp -a /etc /run/netns/etc; mount --bind /run/netns/etc /etc
mkdir -p /run/netns/bin /run/netns/units; mount --bind /run/netns/bin /usr/local/bin
printf '#!/bin/sh\nexec "$@"\n' > /usr/local/bin/sudo
printf '#!/bin/sh\necho systemctl "$@"\n' > /usr/local/bin/systemctl
chmod 755 /usr/local/bin/sudo /usr/local/bin/systemctl
`

// guided is that machine, with mail on its mirror.
type guided struct {
	*nets
	t   *testing.T
	dir string // the repository as far as the guides use it, with the program as make build makes it
}

func newGuided(t *testing.T) *guided {
	t.Helper()
	g := &guided{newNets(t, mirrored+byMirred+pretend), t, t.TempDir()}
	g.serve()
	must(t, os.MkdirAll(filepath.Join(g.dir, "bin"), 0o755))
	b, err := os.ReadFile(program)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(g.dir, "bin/cleartap"), b, 0o755))
	must(t, os.CopyFS(filepath.Join(g.dir, "deploy"), os.DirFS("../../deploy")))
	return g
}

// sh runs a step in the repository.
func (g *guided) sh(script string) string {
	g.t.Helper()
	out, err := g.command("", "sh", "-ec", "cd "+g.dir+"; PATH=/usr/local/bin:$PATH; "+script).CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// listens runs a step that listens until it is stopped, and makes logins meanwhile.
func (g *guided) listens(step string) {
	g.t.Helper()
	s := start(g.t, g.command("", "sh", "-c", "PATH=/usr/local/bin:$PATH; exec "+strings.TrimPrefix(strings.TrimSpace(step), "sudo ")), nil)
	runClient(g.t, g.nets, "live", "2", "0s")
	s.until(5*time.Second, "logins", func() bool { return len(s.all()) == 2 })
	s.stop()
}

// withMail runs a step while there is mail traffic.
func (g *guided) withMail(step string) string {
	g.t.Helper()
	client := g.actor("client", "client", "user", "100", "30ms")
	must(g.t, client.Start())
	defer func() { must(g.t, client.Wait()) }()
	return g.sh(step)
}

// The section "SPAN port in five minutes" of the README does what it says.
func TestReadme(t *testing.T) {
	t.Parallel()
	g := newGuided(t)
	steps := blocks(t, "../../README.md")
	if len(steps) != 1 {
		t.Fatalf("%d blocks for a shell", len(steps))
	}
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(steps[0], "make build\n")), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines", len(lines))
	}
	g.sh(lines[0])
	if out := g.sh(lines[1]); !strings.Contains(out, "eth1") {
		t.Errorf("interfaces: %s", out)
	}
	g.sh(lines[2])
	if out := g.withMail(lines[3]); !strings.Contains(out, "both directions of mail traffic") || !strings.Contains(out, "0 faults") {
		t.Errorf("doctor: %s", out)
	}
	g.listens(lines[4])
}

// The page "A sensor on a SPAN port, in five minutes" does what it says.
func TestFiveMinuteGuide(t *testing.T) {
	t.Parallel()
	g := newGuided(t)
	n, sh := g.nets, g.sh
	steps := blocks(t, "../../docs/start/span-sensor.md")
	if len(steps) != 5 {
		t.Fatalf("%d steps", len(steps))
	}
	sh(strings.Replace(steps[0], "make build\n", "", 1))
	if out := sh(steps[1]); !strings.Contains(out, "eth1") {
		t.Errorf("interfaces: %s", out)
	}
	if out := g.withMail(strings.Replace(steps[2], "30s", "2s", 1)); !strings.Contains(out, "both directions of mail traffic") || !strings.Contains(out, "0 faults") {
		t.Errorf("doctor: %s", out)
	}
	g.listens(steps[3])
	out := sh(strings.ReplaceAll(steps[4], "/etc/systemd/system/", "/run/netns/units/"))
	if !strings.Contains(out, "good; 1 interface,") || !strings.Contains(out, "systemctl enable --now cleartap") {
		t.Errorf("set-up: %s", out)
	}
	unit := sh("cat /run/netns/units/cleartap.service")
	exec := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)
	if len(exec) != 2 || !strings.Contains(unit, "AmbientCapabilities=CAP_NET_RAW") {
		t.Fatalf("unit: %s", unit)
	}
	// What systemd does with the unit: that user, that capability.
	s := start(t, n.command("", "sh", "-c", "exec setpriv --reuid=cleartap --regid=cleartap --init-groups --inh-caps=-all,+net_raw "+
		"--ambient-caps=-all,+net_raw --bounding-set=-all,+net_raw --no-new-privs "+exec[1]), nil)
	runClient(t, n, "service", "2", "0s")
	s.until(5*time.Second, "logins", func() bool { return len(s.all()) == 2 })
	s.stop()
}
