//go:build linux

package lab

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"
)

// Account is a mail account on the lab's servers.
type Account struct {
	Name     string // no colon, no line end
	Password string
	Master   bool // may log in as somebody else, with an authorization identity (RFC 4616)
}

// Accounts makes these the accounts of the servers. Dovecot and Exim read them
// at each login, so that they may change while servers run; Cyrus and Courier
// take over what is there when they start.
func (l *Lab) Accounts(accounts []Account) error {
	l.accounts = accounts
	var dovecot, masters, exim strings.Builder
	for _, a := range accounts {
		out := &dovecot
		if a.Master {
			out = &masters
		}
		name := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.Name)
		fmt.Fprintf(out, "%s:{PLAIN.b64}%s\n", name, base64.StdEncoding.EncodeToString([]byte(a.Password)))
		fmt.Fprintf(&exim, "%q: %s\n", a.Name, a.Password)
	}
	for name, text := range map[string]string{"/lab/users": dovecot.String(), "/lab/masters": masters.String(), "/lab/exim-users": exim.String()} {
		if err := l.Write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// Await waits until the server listens on these ports of the node, from the
// server host itself: nothing of it is seen on the wire.
func (l *Lab) Await(node int, p *Process, log string, ports ...uint16) error {
	limit := time.Now().Add(30 * time.Second)
	for _, port := range ports {
		for !l.listens(node, port) {
			if !p.Running() {
				return fmt.Errorf("%s ended (%s): %s", p.cmd.Args[0], p.cmd.ProcessState, lastLines(l.Read(log), 8))
			}
			if time.Now().After(limit) {
				return fmt.Errorf("%s does not listen on port %d: %s", p.cmd.Args[0], port, lastLines(l.Read(log), 8))
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

// listens looks for a listening socket in the server host's table of sockets.
func (l *Lab) listens(node int, port uint16) bool {
	a := IPv4(node).As4()
	want := fmt.Sprintf(" %02X%02X%02X%02X:%04X 00000000:0000 0A ", a[3], a[2], a[1], a[0], port)
	any := fmt.Sprintf(" 00000000:%04X 00000000:0000 0A ", port)
	var table []byte
	_ = l.Server.Do(func() (err error) {
		table, err = os.ReadFile("/proc/thread-self/net/tcp")
		return err
	})
	return strings.Contains(string(table), want) || strings.Contains(string(table), any)
}
