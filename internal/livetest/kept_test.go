//go:build linux

package livetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// kept is a server as cleartap inventory prints it.
type kept struct {
	IP, Protocol, Product, Grade string
	Port                         int
	Sessions                     int
	Clients, Accounts            int
	Logins                       int `json:"cleartext_logins"`
	Accepted                     int `json:"cleartext_logins_accepted"`
}

// inventory reads the file of a sensor, whether it runs or not.
func inventory(t *testing.T, path string) []kept {
	t.Helper()
	out, err := exec.Command(program, "inventory", "--db", path, "--format", "json").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var all []kept
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var v kept
		must(t, dec.Decode(&v))
		all = append(all, v)
	}
	return all
}

// The server here is asked for no list of what it offers: nothing is concluded of it.
// A sensor that is killed over and over while clients log in, in the midst of writing,
// has an inventory that can be read at any time, loses nothing that was saved, tells a
// server once, and an attack that goes on begins once.
func TestInventoryOutlivesKills(t *testing.T) {
	t.Parallel()
	n := newNets(t, mirrored+byMirred)
	n.serve()
	dir := t.TempDir()
	db := filepath.Join(dir, "kept", "inventory.db")
	conf := filepath.Join(dir, "cleartap.yaml")
	write(t, conf, "inventory: {path: "+db+", save: 1s}\nsignals: {state: "+filepath.Join(dir, "signals.state")+"}\n")
	listen := func() *sensor {
		return start(t, n.command("", program, "live", "-i", "m1", "-c", conf, "--suppress", "0", "--stats-interval", "1s"), nil)
	}
	runGuess := func(count int) {
		t.Helper()
		if out, err := n.actor("client", "guess", "victim", fmt.Sprint(count)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	s := listen()
	runGuess(40)
	s.until(5*time.Second, "the start of the attack", func() bool { return len(attacks(s)) == 1 })
	s.stop() // the attack goes on: it is not told to be over
	told := attacks(s)
	first := inventory(t, db)
	if len(first) != 1 || first[0].Sessions != 40 || first[0].Logins != 40 || first[0].Accepted != 0 || first[0].Grade != "" || first[0].Accounts != 1 || first[0].Clients != 1 {
		t.Fatalf("the inventory: %+v", first)
	}
	servers := s.inventoried()
	least := 40
	for i := range 5 {
		s := listen()
		runGuess(10)
		s.until(10*time.Second, "something saved", func() bool { v := inventory(t, db); return v[0].Sessions >= least+10 })
		client := n.actor("client", "client", fmt.Sprint("load", i, "."), "400", "1ms")
		must(t, client.Start())
		time.Sleep(time.Duration(300+i*170) * time.Millisecond) // somewhere in the midst
		s.signal(syscall.SIGKILL)
		<-s.done
		must(t, client.Wait())
		told, servers = append(told, attacks(s)...), append(servers, s.inventoried()...)
		v := inventory(t, db)
		if len(v) != 1 || v[0].Sessions < least+10 {
			t.Fatalf("after kill %d: %+v, at least %d sessions were saved", i, v, least+10)
		}
		least = v[0].Sessions
	}
	s = listen()
	s.stop()
	told = append(told, attacks(s)...)
	if n := len(slices.DeleteFunc(slices.Clone(told), func(s string) bool { return s[:5] != "start" })); n != 1 {
		t.Errorf("told: %q", told)
	}
	var rules []string
	for _, a := range servers {
		rules = append(rules, a.Event.Code)
	}
	if !slices.Equal(rules, []string{"CT-INV-002"}) {
		t.Errorf("servers told: %q", rules)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 3+5 { // a kill may leave what was being written
		t.Errorf("files: %q %v", left, err)
	}
	if st, err := os.Stat(db); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
}

// attacks lists what a sensor told of attacks.
func attacks(s *sensor) (out []string) {
	for _, a := range s.all() {
		if a.Cleartap.Attack.ID != "" {
			out = append(out, a.Cleartap.Attack.State+" "+a.Event.Code)
		}
	}
	return out
}
