//go:build linux

package lab

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// suite is the Debian release that the root is made of, whatever the host runs:
// the configurations in this package are written for the servers of that release.
const suite = "bookworm"

// packages are what is asked of apt, one group at a time because some groups
// conflict with others as packages; their files live side by side without harm.
func packages() [][]string {
	base := []string{"base-files", "bash", "dash", "coreutils", "sed", "grep", "mawk", "hostname", "libc-bin", "netbase",
		"mount", "util-linux", "bsdutils", "iproute2", "ethtool", "procps", "openssl", "ncurses-base"}
	return [][]string{
		base,
		{"curl", "swaks", "fetchmail", "mutt", "isync", "getmail6", "msmtp", "python3", "sieve-connect",
			"libnet-ssleay-perl", "libio-socket-ssl-perl", "libauthen-sasl-perl", "libdigest-hmac-perl"},
		{"dovecot-imapd", "dovecot-pop3d", "dovecot-managesieved", "dovecot-lmtpd", "dovecot-submissiond", "postfix"},
		{"exim4-daemon-heavy"},
		{"cyrus-imapd", "cyrus-pop3d", "sasl2-bin", "libsasl2-modules"},
		{"courier-imap", "courier-pop", "courier-authlib-userdb"},
	}
}

// account is a system account inside the root.
type account struct {
	name     string
	uid, gid int
	groups   []string // further groups that have it as a member
}

// accounts replaces what the packages' installation scripts would have made.
func accounts() []account {
	return []account{
		{name: "root"},
		{name: "daemon", uid: 1, gid: 1},
		{name: "mail", uid: 8, gid: 8},
		{name: "postfix", uid: 101, gid: 101},
		{name: "dovecot", uid: 102, gid: 102},
		{name: "dovenull", uid: 103, gid: 103},
		{name: "Debian-exim", uid: 104, gid: 104},
		{name: "cyrus", uid: 105, gid: 8, groups: []string{"sasl"}},
		{name: "courier", uid: 106, gid: 106},
		{name: "vmail", uid: 1000, gid: 1000},
		{name: "person", uid: 1001, gid: 1001},
		{name: "nobody", uid: 65534, gid: 65534},
	}
}

// etc gives the files of the root's /etc that the packages do not bring.
func etc() map[string]string {
	var passwd, group strings.Builder
	group.WriteString("postdrop:x:200:\nsasl:x:45:cyrus\ntty:x:5:\nnogroup:x:65533:\n")
	for _, a := range accounts() {
		home := "/nonexistent"
		switch a.name {
		case "root":
			home = "/root"
		case "person":
			home = "/home/person"
		}
		fmt.Fprintf(&passwd, "%s:x:%d:%d::%s:/bin/sh\n", a.name, a.uid, a.gid, home)
		if a.name != "cyrus" { // its group is mail
			fmt.Fprintf(&group, "%s:x:%d:\n", a.name, a.gid)
		}
	}
	return map[string]string{
		"passwd":        passwd.String(),
		"group":         group.String(),
		"hosts":         hosts(),
		"nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\nprotocols: files\n",
		"resolv.conf":   "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
		"mailname":      "example.org\n",
		"hostname":      "mail.example.org\n",
	}
}

// hash names the root: another recipe is another root.
func hash() string {
	h := sha256.New()
	fmt.Fprintln(h, "layout 1", suite, packages(), etc())
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil))[:12])
}
