package inventory

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"cleartap/detectors"
	"cleartap/docs"
)

// Notice is a text for whoever runs servers: what was seen there and what to do.
type Notice struct {
	Owner   string // of the network; empty when the notice is about one server
	Servers []View
	Details map[Key]*Details // who was seen; nil: counts only
}

// Details names who logged in without TLS, as far as a policy shows it.
type Details struct {
	Clients, Accounts []string
}

// Wanted reports whether there is something to tell the operator of a server.
func (x *View) Wanted() bool {
	return x.exposes() || len(x.problems()) > 0
}

// Notices makes one notice for each server that wants one, or one for each owner of a
// network; servers whose owner is not known have one each.
func Notices(list []View, byOwner bool) []Notice {
	var out []Notice
	owners := map[string]int{}
	for i := range list {
		x := list[i]
		if !x.Wanted() {
			continue
		}
		if at, ok := owners[x.Owner]; ok && byOwner && x.Owner != "" {
			out[at].Servers = append(out[at].Servers, x)
			continue
		}
		n := Notice{Servers: []View{x}}
		if byOwner && x.Owner != "" {
			n.Owner = x.Owner
			owners[x.Owner] = len(out)
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b Notice) int { return cmp.Compare(a.Owner, b.Owner) })
	return out
}

// Name is a name for the notice's file.
func (n *Notice) Name() string {
	name := n.Owner
	if name == "" {
		x := &n.Servers[0]
		name = x.Protocol + "-" + x.IP + "-" + decimal(x.Port)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, name)
}

// Write writes the notice.
func (n *Notice) Write(out io.Writer, plain bool) error {
	w := &writer{plain: plain}
	exposed := slices.ContainsFunc(n.Servers, func(x View) bool { return x.exposes() })
	subject := "TLS of mail servers"
	if exposed {
		subject = "Mail logins without TLS"
	}
	if n.Owner != "" {
		w.heading(1, "%s in the network of %s", subject, n.Owner)
	} else {
		x := &n.Servers[0]
		w.heading(1, "%s: %s on %s", subject, name(x.Protocol), x.place())
	}
	w.paragraph("A passive sensor saw the following on the network. It sent no packet to your servers, and it keeps no password.")
	for i := range n.Servers {
		n.server(w, &n.Servers[i])
	}
	if exposed {
		n.first(w)
	}
	_, err := io.WriteString(out, w.String())
	return err
}

// exposes reports whether logins crossed in clear, or can.
func (x *View) exposes() bool { return x.vulnerable() || x.Logins > 0 || x.Masked }

// first says what to do about logins in clear, whatever the product.
func (n *Notice) first(w *writer) {
	w.heading(2, "What to do first")
	if slices.ContainsFunc(n.Servers, func(x View) bool { return x.Logins > 0 }) {
		w.item("Treat the passwords of these accounts as known to others: change them, and whatever equals them, once the server asks for TLS.")
	}
	w.item("Have clients use TLS from the first byte (ports 993, 995 and 465), never \"STARTTLS if available\".")
	w.item("Close ports that nobody needs, or put them behind a VPN.")
	w.WriteByte('\n')
	w.paragraph("A server that refuses does not help a client that has sent its password already: only a client that insists on TLS, or a port that is closed, does.")
}

// server writes what was seen of one server.
func (n *Notice) server(w *writer, x *View) {
	w.heading(2, "%s on %s", name(x.Protocol), x.place())
	if x.Product != "" {
		w.item("It says that it is %s.", w.code(strings.TrimSpace(x.Product+" "+x.Version)))
	}
	w.item("Seen from %s to %s (UTC), in %s.", day10(x.FirstSeen), day10(x.LastSeen), count(x.Sessions, "connection"))
	switch x.Grade {
	case string(detectors.PlainOnly):
		w.item("It takes logins without TLS, and offers no TLS.")
	case string(detectors.PlainAllowed):
		w.item("It offers TLS, and takes logins without it as well.")
	case string(detectors.TLSRequired):
		w.item("It asks for TLS before a login.")
	}
	if x.Logins > 0 {
		w.item("%s crossed the network in clear, %d of them accepted: %s from %s.", count(x.Logins, "login"), x.Accepted,
			count(uint64(x.Accounts), "account"), count(uint64(x.Clients), "address")) //nolint:gosec // counts
	}
	if len(x.Mechanisms) > 0 {
		w.item("Mechanisms offered in clear: %s.", strings.Join(x.Mechanisms, ", "))
	}
	if x.Masked {
		w.item("Something on the path hides STARTTLS from clients, as the ESMTP inspection of Cisco firewalls does.")
	}
	for _, p := range x.problems() {
		w.item("%s", p)
	}
	w.WriteByte('\n')
	n.details(w, x)
	x.remedy(w)
	x.verify(w)
}

// obsolete reports whether a version of TLS is.
func obsolete(version string) bool { return version != "TLS 1.2" && version != "TLS 1.3" }

// badCertificate reports whether there is something to say of the certificate.
func (x *View) badCertificate() bool {
	c := x.Certificate
	return c != nil && len(c.Problems) > 0 && (len(c.Problems) > 1 || c.Problems[0] != "unreadable")
}

// problems says what is wrong with the server's TLS.
func (x *View) problems() (out []string) {
	for _, v := range x.TLS {
		if obsolete(v.Version) {
			out = append(out, fmt.Sprintf("%s was agreed on %s: it is obsolete (RFC 8996).", v.Version, times(v.Handshakes)))
		}
	}
	if c := x.Certificate; x.badCertificate() {
		out = append(out, fmt.Sprintf("Its certificate, valid until %s: %s.", day10(c.NotAfter), strings.ReplaceAll(strings.Join(c.Problems, ", "), "_", " ")))
	}
	return out
}

func (n *Notice) details(w *writer, x *View) {
	d := n.Details[x.server.Key]
	if d == nil {
		return
	}
	for _, list := range []struct {
		title string
		names []string
	}{{"Accounts", d.Accounts}, {"Clients", d.Clients}} {
		if len(list.names) == 0 {
			continue
		}
		w.paragraph("%s that were seen:", list.title)
		for _, name := range list.names {
			w.item("%s", w.code(name))
		}
		w.WriteByte('\n')
	}
}

// times writes how often something happened.
func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return strconv.FormatUint(n, 10) + " times"
}

// remedy says what to change.
func (x *View) remedy(w *writer) {
	if x.exposes() {
		x.remedyLogins(w)
	}
	if slices.ContainsFunc(x.TLS, func(v VersionView) bool { return obsolete(v.Version) }) {
		w.paragraph("**To change:** have the server accept TLS 1.2 and 1.3 alone, once the clients that agreed on less can do it.")
	}
	if x.badCertificate() {
		w.paragraph("**To change:** give the server a certificate for the name that clients use, from an authority that they know, and renew it in time: " +
			"people who learn to pass over a warning pass over that of an interceptor, too.")
	}
}

// remedyLogins says what to change on the product, for logins in clear to be refused.
func (x *View) remedyLogins(w *writer) {
	rows := docs.Remedy(x.Product, x.Version)
	rows = slices.DeleteFunc(rows, func(row string) bool { return strings.Contains(row, "(ManageSieve)") && x.Protocol != "managesieve" })
	if x.Masked {
		rows = append(rows, docs.Remedy("Cisco ASA", "")...)
	}
	if len(rows) == 0 {
		w.paragraph("**To change:** have the server refuse logins before TLS, on every address and port; its manual tells how.")
		return
	}
	w.paragraph("**To change:**")
	for _, row := range rows {
		w.item("%s", strings.TrimSuffix(row, " |"))
	}
	w.WriteByte('\n')
}

// verify says how to see that it worked.
func (x *View) verify(w *writer) {
	starttls := map[string]string{"imap": "imap", "pop3": "pop3", "smtp": "smtp", "lmtp": "lmtp", "managesieve": "sieve", "nntp": "nntp"}[x.Protocol]
	if x.ImplicitTLS {
		w.paragraph("**To verify:** %s succeeds, also with %s, and fails with %s.",
			w.code("openssl s_client -connect "+x.place()), w.code("-tls1_2"), w.code("-tls1_1"))
		return
	}
	w.paragraph("**To verify:** %s succeeds, and a login that is typed into %s is refused.",
		w.code("openssl s_client -starttls "+starttls+" -connect "+x.place()), w.code("nc "+x.IP+" "+decimal(x.Port)))
}

// name is a protocol's name for people.
func name(protocol string) string {
	switch protocol {
	case "managesieve":
		return "ManageSieve"
	}
	return strings.ToUpper(protocol)
}

// count writes a number of things.
func count(n uint64, thing string) string {
	text := strconv.FormatUint(n, 10) + " " + thing
	switch {
	case n == 1:
		return text
	case strings.HasSuffix(thing, "s"):
		return text + "es"
	}
	return text + "s"
}

// day10 is the day and minute of a moment.
func day10(t string) string { return strings.Replace(t[:min(len(t), 16)], "T", " ", 1) }
