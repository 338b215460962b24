//go:build linux

package lab

import (
	"fmt"
	"os"
)

// eximText is Exim's configuration. It takes pipelined commands, as many old
// servers do, and mail for anybody, which it keeps.
const eximText = `primary_hostname = mail.example.org
keep_environment =
local_interfaces = <; %[1]v ; %[2]v
daemon_smtp_ports = 25 : 587 : 465
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = /lab/cert.pem
tls_privatekey = /lab/key.pem
log_file_path = /lab/exim/%%slog
spool_directory = /var/spool/exim4
log_selector = +incoming_port +smtp_connection +received_recipients
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = false
domainlist local_domains = *
acl_smtp_rcpt = acl_ok
acl_smtp_data = acl_ok
never_users =
smtp_accept_max = 200
queue_only = true
begin acl
acl_ok:
  accept
begin routers
away:
  driver = accept
  transport = away
begin transports
away:
  driver = appendfile
  file = /dev/null
  user = mail
  group = mail
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_set_id = $auth2
  server_prompts = :
  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{/lab/exim-users}{$value}fail}}{yes}{no}}
login:
  driver = plaintext
  public_name = LOGIN
  server_set_id = $auth1
  server_prompts = <| Username: | Password:
  server_condition = ${if eq{$auth2}{${lookup{$auth1}lsearch{/lab/exim-users}{$value}fail}}{yes}{no}}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_set_id = $auth1
  server_secret = ${lookup{$auth1}lsearch{/lab/exim-users}{$value}fail}
`

// Exim starts Exim on EximNode (ports 25, 587, and 465 with TLS) and waits until
// it listens. Its log is /lab/exim/mainlog.
func (l *Lab) Exim() (*Process, error) {
	const exim = 104
	if err := l.Write("/lab/exim.conf", fmt.Sprintf(eximText, IPv4(EximNode), IPv6(EximNode))); err != nil {
		return nil, err
	}
	for _, d := range []string{"/lab/exim", "/var/spool/exim4"} {
		if err := os.MkdirAll(l.Path(d), 0o755); err != nil {
			return nil, err
		}
		if err := os.Chown(l.Path(d), exim, exim); err != nil {
			return nil, err
		}
	}
	cmd := l.Server.Command("/usr/sbin/exim4", "-C", "/lab/exim.conf", "-bdf")
	out, err := os.Create(l.Path("/lab/exim.out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	p, err := l.Server.Start(cmd)
	if err != nil {
		return nil, err
	}
	return p, l.Await(EximNode, p, "/lab/exim.out", 25, 587, 465)
}
