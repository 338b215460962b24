//go:build linux

package lab

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// courierEnvironment is what Courier's start scripts would set from its
// configuration.
var courierEnvironment = []string{
	"MAILDIRPATH=Maildir", "DEBUG_LOGIN=0", "TLS_CERTFILE=/lab/both.pem", "TLS_PROTOCOL=TLS1.2++", "COURIERTLS=/usr/bin/couriertls",
	"IMAP_CAPABILITY=IMAP4rev1 UIDPLUS CHILDREN NAMESPACE AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5",
	"IMAP_STARTTLS=YES", "POP3_STARTTLS=YES", "POP3AUTH=PLAIN LOGIN CRAM-MD5", "IMAP_TLS_REQUIRED=0", "POP3_TLS_REQUIRED=0",
	"IMAP_MAILBOX_SANITY_CHECK=0", "IMAP_EMPTYTRASH=", "IMAP_CHECK_ALL_FOLDERS=0", "IMAP_UMASK=022",
}

// Courier starts Courier's IMAP and POP3 on CourierNode (IPv4) with these
// accounts, whose names are letters and digits, and waits until it listens. A
// login that it refuses takes five seconds. Its log is /lab/courier.log.
func (l *Lab) Courier(accounts []Account) (*Process, error) {
	if err := l.courierAccounts(accounts); err != nil {
		return nil, err
	}
	out, err := os.Create(l.Path("/lab/courier.log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	at := fmt.Sprintf("-address=%v", IPv4(CourierNode))
	var last *Process
	for _, args := range [][]string{
		{"/usr/lib/courier/courier-authlib/authdaemond"},
		{"/usr/sbin/couriertcpd", at, "-maxprocs=40", "-maxperip=40", "-nodnslookup", "-noidentlookup", "143",
			"/usr/lib/courier/courier/imaplogin", "/usr/bin/imapd", "Maildir"},
		{"/usr/sbin/couriertcpd", at, "-maxprocs=40", "-maxperip=40", "-nodnslookup", "-noidentlookup", "110",
			"/usr/lib/courier/courier/courierpop3login", "/usr/lib/courier/courier/courierpop3d", "Maildir"},
	} {
		cmd := l.Server.Command(args[0], args[1:]...)
		cmd.Env = append(cmd.Env, strings.Split(l.edited("courier", strings.Join(courierEnvironment, "\n")), "\n")...)
		cmd.Stdout, cmd.Stderr = out, out
		if last, err = l.Server.Start(cmd); err != nil {
			return nil, err
		}
	}
	return last, l.Await(CourierNode, last, "/lab/courier.log", 143, 110)
}

// courierAccounts writes Courier's user database.
func (l *Lab) courierAccounts(accounts []Account) error {
	const courier, vmail = 106, 1000
	for _, d := range []string{"/run/courier", "/run/courier/authdaemon", "/lab/courier"} {
		if err := os.MkdirAll(l.Path(d), 0o755); err != nil {
			return err
		}
	}
	_ = os.Chown(l.Path("/run/courier/authdaemon"), courier, courier)
	_ = os.Chown(l.Path("/lab/courier"), vmail, vmail)
	script := `set -e
user=$1 password=$2
setpriv --reuid=vmail --regid=vmail --clear-groups /usr/bin/maildirmake.courier /lab/courier/$user 2>/dev/null ||
setpriv --reuid=vmail --regid=vmail --clear-groups /usr/bin/maildirmake /lab/courier/$user
printf '%s\tuid=1000|gid=1000|home=/lab/courier|mail=/lab/courier/%s|systempw=%s|hmac-md5pw=%s\n' "$user" "$user" \
	"$(openssl passwd -5 "$password")" "$(echo "$password" | userdbpw -hmac-md5)" >> /etc/courier/userdb
chmod 600 /etc/courier/userdb
`
	for _, a := range accounts {
		if out, err := l.Server.Run(l.Server.Command("/bin/sh", "-c", script, "sh", a.Name, a.Password), 10*time.Second); err != nil {
			return fmt.Errorf("make Courier's account: %w: %s", err, out)
		}
	}
	rc := "authmodulelist=\"authuserdb\"\nauthmodulelistorig=\"authuserdb\"\ndaemons=3\nauthdaemonvar=/run/courier/authdaemon\nDEBUG_LOGIN=0\nDEFAULTOPTIONS=\"\"\nLOGGEROPTS=\"\"\n"
	if err := l.Write("/etc/courier/authdaemonrc", rc); err != nil {
		return err
	}
	out, err := l.Server.Run(l.Server.Command("/usr/sbin/makeuserdb"), 10*time.Second)
	if err != nil {
		return fmt.Errorf("makeuserdb: %w: %s", err, strings.TrimSpace(out))
	}
	return nil
}
