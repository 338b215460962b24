//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// Postfix speaks for three nodes at once: OpenNode (ports 25, 587, 2525, 2588
// behind the PROXY protocol, 465 with TLS; XCLIENT is taken), StrictNode (25 and
// 587, AUTH after STARTTLS only) and PlainNode (25 and 587, no TLS). Accounts are
// those of OpenNode's Dovecot, which must run, and mail goes to its LMTP.
const postfixMain = `compatibility_level = 3.6
queue_directory = /var/spool/postfix
data_directory = /var/lib/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
maillog_file = /lab/postfix.log
maillog_file_prefixes = /lab
myhostname = mail.example.org
mydestination = example.org
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = all
alias_maps =
local_recipient_maps =
local_transport = lmtp:inet:{{.Open}}:24
default_transport = discard:
relay_transport = discard:
smtpd_client_port_logging = yes
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 100
smtpd_peername_lookup = no
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = /run/dovecot-{{.OpenNode}}/postfix
smtpd_sasl_security_options = noanonymous
broken_sasl_auth_clients = yes
smtpd_tls_cert_file = /lab/cert.pem
smtpd_tls_key_file = /lab/key.pem
smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1
smtpd_tls_ciphers = low
tls_low_cipherlist = ALL:@SECLEVEL=0
tls_medium_cipherlist = ALL:@SECLEVEL=0
smtpd_authorized_xclient_hosts = 10.80.0.0/24
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
`

const postfixMaster = `{{range .Open4And6}}{{.}}:25 inet n - n - - smtpd
{{.}}:587 inet n - n - - smtpd
{{.}}:2525 inet n - n - - smtpd
{{.}}:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
{{.}}:2588 inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy
{{end}}{{range .Strict4And6}}{{.}}:25 inet n - n - - smtpd -o smtpd_tls_auth_only=yes
{{.}}:587 inet n - n - - smtpd -o smtpd_tls_auth_only=yes
{{end}}{{range .Plain4And6}}{{.}}:25 inet n - n - - smtpd -o smtpd_tls_security_level=none
{{.}}:587 inet n - n - - smtpd -o smtpd_tls_security_level=none
{{end}}pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// Postfix starts Postfix and waits until it listens.
func (l *Lab) Postfix() (*Process, error) {
	both := func(node int) []string { return []string{IPv4(node).String(), "[" + IPv6(node).String() + "]"} }
	data := struct {
		Open                               string
		OpenNode                           int
		Open4And6, Strict4And6, Plain4And6 []string
	}{IPv4(OpenNode).String(), OpenNode, both(OpenNode), both(StrictNode), both(PlainNode)}
	for name, text := range map[string]string{"main.cf": postfixMain, "master.cf": postfixMaster} {
		var out bytes.Buffer
		if err := template.Must(template.New(name).Parse(text)).Execute(&out, data); err != nil {
			return nil, err
		}
		if err := l.Write("/lab/postfix/"+name, out.String()); err != nil {
			return nil, err
		}
	}
	if err := l.postfixFolders(); err != nil {
		return nil, err
	}
	cmd := l.Server.Command("/usr/lib/postfix/sbin/master", "-c", "/lab/postfix", "-s")
	out, err := os.Create(l.Path("/lab/postfix.out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	p, err := l.Server.Start(cmd)
	if err != nil {
		return nil, err
	}
	for _, node := range []int{OpenNode, StrictNode, PlainNode} {
		if err := l.Await(node, p, "/lab/postfix.out", 25, 587); err != nil {
			return p, fmt.Errorf("%w; %s", err, lastLines(l.Read("/lab/postfix.log"), 8))
		}
	}
	return p, nil
}

// postfixFolders makes the queue, as "postfix check" would.
func (l *Lab) postfixFolders() error {
	const postfix, postdrop = 101, 200
	folders := []struct {
		path     string
		uid, gid int
		mode     os.FileMode
	}{
		{"/var/spool/postfix", 0, 0, 0o755}, {"/var/spool/postfix/pid", 0, 0, 0o755}, {"/var/lib/postfix", postfix, postfix, 0o700},
		{"/var/spool/postfix/public", postfix, postdrop, 0o710}, {"/var/spool/postfix/maildrop", postfix, postdrop, 0o730},
	}
	for _, d := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		folders = append(folders, struct {
			path     string
			uid, gid int
			mode     os.FileMode
		}{"/var/spool/postfix/" + d, postfix, 0, 0o700})
	}
	for _, f := range folders {
		path := l.Path(filepath.Clean(f.path))
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.Chown(path, f.uid, f.gid); err != nil {
			return err
		}
		if err := os.Chmod(path, f.mode); err != nil {
			return err
		}
	}
	return nil
}
