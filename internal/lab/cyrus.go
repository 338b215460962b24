//go:build linux

package lab

import (
	"fmt"
	"os"
	"strings"
	"time"
)

const cyrusText = `configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
defaultpartition: default
partition-default: /var/spool/cyrus
sievedir: /var/spool/sieve
lmtpsocket: /run/cyrus/lmtp
idlesocket: /run/cyrus/idle
notifysocket: /run/cyrus/notify
syslog_prefix: cyrus
servername: mail.example.org
admins: cyrus
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /lab/sasldb2
sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256
sasl_minimum_layer: 0
sasl_maximum_layer: 0
tls_server_cert: /lab/both.pem
tls_server_key: /lab/both.pem
autocreate_quota: 10000
autocreate_post: 1
sieve_allowplaintext: yes
popminpoll: 0
`

const cyrusServices = `START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /lab/cyrus.conf -r"
}
SERVICES {
  imap cmd="imapd -C /lab/cyrus.conf" listen="%[1]v:143" prefork=1
  pop3 cmd="pop3d -C /lab/cyrus.conf" listen="%[1]v:110" prefork=1
  lmtp cmd="lmtpd -C /lab/cyrus.conf" listen="%[1]v:24" prefork=1
  sieve cmd="timsieved -C /lab/cyrus.conf" listen="%[1]v:4190" prefork=1
}
EVENTS {
}
`

// Cyrus starts Cyrus on CyrusNode (IMAP, POP3, LMTP, ManageSieve; IPv4) with
// these accounts, whose names are letters and digits, and waits until it
// listens. Its LMTP takes AUTH, from the same accounts. Its log is /lab/syslog.
func (l *Lab) Cyrus(accounts []Account) (*Process, error) {
	if err := l.syslog("/lab/syslog"); err != nil {
		return nil, err
	}
	names := make([]string, len(accounts))
	for i, a := range accounts {
		names[i] = a.Name
		cmd := l.Server.Command("/usr/sbin/saslpasswd2", "-p", "-c", "-f", "/lab/sasldb2", "-u", serverName, a.Name)
		cmd.Stdin = strings.NewReader(a.Password)
		if out, err := l.Server.Run(cmd, 10*time.Second); err != nil {
			return nil, fmt.Errorf("saslpasswd2: %w: %s", err, out)
		}
	}
	const cyrus, mail = 105, 8
	for _, d := range []string{"/var/lib/cyrus", "/var/lib/cyrus/db", "/var/lib/cyrus/socket", "/run/cyrus", "/run/cyrus/proc", "/run/cyrus/lock", "/var/spool/cyrus", "/var/spool/sieve"} {
		if err := os.MkdirAll(l.Path(d), 0o750); err != nil {
			return nil, err
		}
		if err := os.Chown(l.Path(d), cyrus, mail); err != nil {
			return nil, err
		}
	}
	_ = os.Chown(l.Path("/lab/sasldb2"), cyrus, mail)
	conf := cyrusText + "lmtp_admins: " + strings.Join(names, " ") + "\n"
	for name, text := range map[string]string{"/lab/cyrus.conf": conf, "/lab/cyrus-services.conf": fmt.Sprintf(cyrusServices, IPv4(CyrusNode))} {
		if err := l.Write(name, text); err != nil {
			return nil, err
		}
	}
	p, err := l.Server.Start(l.Server.Command("/usr/lib/cyrus/bin/master", "-C", "/lab/cyrus.conf", "-M", "/lab/cyrus-services.conf", "-p", "/run/cyrus/master.pid"))
	if err != nil {
		return nil, err
	}
	return p, l.Await(CyrusNode, p, "/lab/syslog", 143, 110, 24, 4190)
}
