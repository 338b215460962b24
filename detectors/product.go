package detectors

import (
	"bytes"

	"cleartap/detectors/syntax"
)

// product is a pattern by which a server's product is known: a text in what the
// server says of itself, and where the version stands.
type product struct {
	text string // in upper case
	name string
}

// products are the patterns, in the order in which they are tried: what many
// greetings share stands behind what is peculiar. The list is ours: a greeting that
// matches none has no product.
var products = [...]product{
	{"DOVECOT", "Dovecot"}, {"POSTFIX", "Postfix"}, {"EXIM", "Exim"}, {"SENDMAIL", "Sendmail"},
	{"COURIER", "Courier"}, {"CYRUS", "Cyrus"}, {"ZIMBRA", "Zimbra"},
	{"MICROSOFT EXCHANGE", "Microsoft Exchange"}, {"MICROSOFT ESMTP MAIL SERVICE", "Microsoft Exchange"},
	{"MICROSOFT WINDOWS POP3", "Microsoft Windows POP3 Service"},
	{"GIMAP", "Gmail"}, {"GPOP", "Gmail"}, {"GSMTP", "Gmail"},
	{"STALWART", "Stalwart"}, {"OPENSMTPD", "OpenSMTPD"}, {"HARAKA", "Haraka"}, {"MDAEMON", "MDaemon"},
	{"KERIO CONNECT", "Kerio Connect"}, {"KERIO MAILSERVER", "Kerio Connect"}, {"DOMINO", "Domino"},
	{"HMAILSERVER", "hMailServer"}, {"ICEWARP", "IceWarp"}, {"MERAK", "IceWarp"}, {"COMMUNIGATE PRO", "CommuniGate Pro"}, {"AXIGEN", "Axigen"},
	{"GROUPWISE", "GroupWise"}, {"MAILENABLE", "MailEnable"}, {"SMARTERMAIL", "SmarterMail"}, {"SURGEMAIL", "SurgeMail"},
	{"MAILSITE", "MailSite"}, {"IMAIL", "IMail"}, {"XMAIL", "XMail"}, {"ARGOSOFT", "ArGoSoft"}, {"MERCURY", "Mercury"},
	{"JAMES", "Apache James"}, {"CITADEL", "Citadel"}, {"ARCHIVEOPTERYX", "Archiveopteryx"}, {"DBMAIL", "DBMail"}, {"BINC", "Binc IMAP"},
	{"PERDITION", "Perdition"}, {"MAILUTILS", "GNU Mailutils"}, {"QPOPPER", "Qpopper"}, {"QPOP", "Qpopper"},
	{"TEAPOP", "Teapop"}, {"POPA3D", "popa3d"}, {"SOLID POP3", "Solid POP3"}, {"GREENMAIL", "GreenMail"}, {"MAILHOG", "MailHog"},
	{"SERVER INN ", "INN"}, {"INTERNETNEWS", "INN"}, {"INN ", "INN"}, {"LEAFNODE", "Leafnode"}, {"DIABLO", "Diablo"}, {"CYCLONE", "Cyclone"}, {"TYPHOON", "Typhoon"},
	{"CMAILSERVER", "CMailServer"}, {"MADDY", "maddy"}, {"IMAP4REV1 20", "UW IMAP"}, {"POP3 20", "UW IMAP"}, {"HELLO THERE.", "Courier"},
}

// hosted are services that are known by the name of their hosts.
var hosted = [...]product{{".OUTLOOK.COM", "Microsoft 365"}, {".OFFICE365.COM", "Microsoft 365"}}

// mostVersion is how long a version may be, in bytes.
const mostVersion = 16

// productOf finds the product, and the version if it is told, in what a server
// says of itself. A host name by which it greets is no product, with two exceptions.
func productOf(text []byte) (name, version string) {
	for _, h := range hosted {
		if indexFold(greetingHost(text), h.text) >= 0 {
			return h.name, ""
		}
	}
	if host := greetingHost(text); host != nil {
		text = text[bytes.Index(text, host)+len(host):]
	}
	for i := range products {
		p := &products[i]
		at := indexFold(text, p.text)
		if at < 0 {
			continue
		}
		rest := text[at+len(p.text):]
		if p.name == "UW IMAP" { // its version begins within the pattern
			rest = text[at+len(p.text)-2:]
		}
		return p.name, string(versionIn(rest))
	}
	return "", ""
}

func indexFold(b []byte, upper string) int {
	for i := 0; i+len(upper) <= len(b); i++ {
		if syntax.HasPrefix(b[i:], upper) {
			return i
		}
	}
	return -1
}

// versionWords are words that may stand between a product and its version.
var versionWords = [...]string{"VERSION:", "VERSION", "RELEASE", "ESMTP", "SMTP", "IMAP4REV1", "IMAP4", "IMAP", "POP3", "LMTP", "TIMSIEVED", "SIEVE",
	"MURDER", "SERVER", "SERVICE,", "MAIL", "PRO", "NNRP", "NNTP", "MTA", "READY"}

// versionIn reads the version that stands at the beginning of text, behind at most
// four words such as "version".
func versionIn(text []byte) []byte {
	for range 5 {
		for len(text) > 0 && (syntax.Blank(text[0]) || text[0] == '/' || text[0] == '(' || text[0] == ':' || text[0] == '-' || text[0] == '"' || text[0] == ',') {
			text = text[1:]
		}
		if v := version(text); v != nil {
			return v
		}
		if text = skipWord(text); text == nil {
			return nil
		}
	}
	return nil
}

func skipWord(text []byte) []byte {
	for _, w := range versionWords {
		if syntax.HasPrefix(text, w) && len(text) > len(w) && !syntax.Alnum(text[len(w)]) {
			return text[len(w):]
		}
	}
	return nil
}

// versionSuffixes are what may stand right behind the numbers of a version, perhaps
// with one or two digits of its own. The list is closed, so that no other text of a
// server's passes for a version.
var versionSuffixes = [...]string{"ALPHA", "BETA", "PRE", "RC", "FC", "PL", "A", "B", "P"}

// version reads a version that text begins with, a "v" before it aside: two numbers or
// more with dots between them, and perhaps a suffix of the list. A mere number may be
// anything, and so may a version that runs on in other letters or is too long.
func version(text []byte) []byte {
	if len(text) > 1 && text[0]|0x20 == 'v' {
		text = text[1:]
	}
	n := digits(text)
	dots := 0
	for n > 0 && n+1 < len(text) && text[n] == '.' && syntax.Alnum(text[n+1]) {
		more := digits(text[n+1:])
		if more == 0 {
			return nil
		}
		n += 1 + more
		dots++
	}
	n += suffix(text[n:])
	if dots == 0 || n > mostVersion || n < len(text) && (syntax.Alnum(text[n]) || text[n] == '_') {
		return nil
	}
	return text[:n]
}

// suffix is the length of the suffix that text begins with, a dash or an underscore
// before it counted in; 0 if there is none.
func suffix(text []byte) int {
	n := 0
	if len(text) > 0 && (text[0] == '-' || text[0] == '_') {
		n++
	}
	for _, word := range versionSuffixes {
		if !syntax.HasPrefix(text[n:], word) {
			continue
		}
		end := n + len(word)
		if end += min(digits(text[end:]), 2); end == len(text) || !syntax.Alnum(text[end]) {
			return end
		}
	}
	return 0
}

// digits is how many digits text begins with.
func digits(text []byte) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}
