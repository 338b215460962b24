//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"text/template"
)

// DovecotConfig tells what a Dovecot is like.
type DovecotConfig struct {
	Node       int    // its address; its log is /lab/dovecot-NODE.log
	Secure     bool   // refuses passwords in clear (disable_plaintext_auth)
	TLS        bool   // offers TLS, and listens for it on 993 and 995
	Mechanisms string // default: all that it can do
}

// dovecotText is the configuration. The listeners of login services beside the
// usual ports are for tests of servers in unusual places.
const dovecotText = `
base_dir = /run/dovecot-{{.Node}}
state_dir = /var/lib/dovecot-{{.Node}}
instance_name = lab{{.Node}}
log_path = /lab/dovecot-{{.Node}}.log
log_timestamp = "%Y-%m-%dT%H:%M:%S "
protocols = imap pop3 lmtp sieve submission
listen = {{.Listen}}
ssl = {{if .TLS}}yes{{else}}no{{end}}
ssl_cert = </lab/cert.pem
ssl_key = </lab/key.pem
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL:@SECLEVEL=0
disable_plaintext_auth = {{if .Secure}}yes{{else}}no{{end}}
auth_mechanisms = {{.Mechanisms}}
auth_username_chars =
auth_username_format = %u
auth_verbose = yes
auth_failure_delay = 0
auth_master_user_separator = *
login_log_format_elements = user=<%u> method=%m rip=%r rport=%{rport} lip=%l lport=%{lport} %c
mail_location = maildir:/lab/mail/%{sha256:user}
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 100
mail_max_userip_connections = 200
haproxy_trusted_networks = 10.80.0.0/24 fd80::/64
submission_relay_host = {{.Relay}}
submission_relay_port = 25
passdb {
  driver = passwd-file
  master = yes
  args = /lab/masters
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u /lab/users
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = /lab/oauth2.conf
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/lab/mail/%{sha256:user} allow_all_users=yes
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener postfix {
    mode = 0666
  }
}
service imap-login {
  process_min_avail = 1
  inet_listener imap {
    port = 143
  }
  inet_listener unusual {
    port = 33143
  }
  inet_listener proxied {
    port = 1143
    haproxy = yes
  }
  inet_listener imaps {
    port = {{if .TLS}}993{{else}}0{{end}}
  }
}
service pop3-login {
  process_min_avail = 1
  inet_listener pop3 {
    port = 110
  }
  inet_listener unusual {
    port = 40110
  }
  inet_listener pop3s {
    port = {{if .TLS}}995{{else}}0{{end}}
  }
}
service managesieve-login {
  inet_listener sieve {
    port = 4190
  }
}
service submission-login {
  inet_listener submission {
    port = 10588
  }
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
protocol lmtp {
  postmaster_address = postmaster@example.org
}
`

// everyMechanism is what Dovecot 2.3 can do without other servers.
const everyMechanism = "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 apop xoauth2 oauthbearer anonymous external"

var dovecotTemplate = template.Must(template.New("dovecot").Parse(dovecotText))

// Dovecot starts a Dovecot with IMAP, POP3, ManageSieve, submission (port
// 10588) and LMTP, and waits until it listens.
func (l *Lab) Dovecot(c DovecotConfig) (*Process, error) {
	if c.Mechanisms == "" {
		c.Mechanisms = everyMechanism
	}
	var conf bytes.Buffer
	err := dovecotTemplate.Execute(&conf, struct {
		DovecotConfig
		Listen, Relay string
	}{c, fmt.Sprintf("%v, %v", IPv4(c.Node), IPv6(c.Node)), IPv4(c.Node).String()})
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("/lab/dovecot-%d", c.Node)
	if err := l.Write(name+".conf", conf.String()); err != nil {
		return nil, err
	}
	for _, d := range []string{fmt.Sprintf("/run/dovecot-%d", c.Node), fmt.Sprintf("/var/lib/dovecot-%d", c.Node)} {
		if err := os.MkdirAll(l.Path(d), 0o755); err != nil {
			return nil, err
		}
	}
	if err := l.mailFolder(); err != nil {
		return nil, err
	}
	if err := l.tokens(); err != nil {
		return nil, err
	}
	cmd := l.Server.Command("/usr/sbin/dovecot", "-F", "-c", name+".conf")
	out, err := os.Create(l.Path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	p, err := l.Server.Start(cmd)
	if err != nil {
		return nil, err
	}
	ports := []uint16{143, 110, 4190, 24, 10588}
	if c.TLS {
		ports = append(ports, 993, 995)
	}
	return p, l.Await(c.Node, p, name+".log", ports...)
}

// mailFolder is where all Dovecots keep mail.
func (l *Lab) mailFolder() error {
	if err := os.MkdirAll(l.Path("/lab/mail"), 0o700); err != nil {
		return err
	}
	return os.Chown(l.Path("/lab/mail"), 1000, 1000)
}

// DovecotLog gives what the Dovecot of a node has logged about logins.
func (l *Lab) DovecotLog(node int) string {
	return strings.TrimSpace(l.Read(fmt.Sprintf("/lab/dovecot-%d.log", node)))
}
