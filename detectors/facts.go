package detectors

import "cleartap/reassembly"

// Source tells where something about a server was learnt.
type Source uint8

// The sources. An offer of HELO or of nothing but a greeting is none: they list no
// keywords, so that what they lack tells nothing.
const (
	FromGreeting   Source = iota + 1 // the server's first line
	FromEHLO                         // the reply to EHLO (RFC 5321 section 4.1.1.1)
	FromLHLO                         // the reply to LHLO (RFC 2033 section 4.1)
	FromCAPA                         // the reply to POP3's CAPA (RFC 2449 section 5)
	FromCapability                   // IMAP's CAPABILITY, asked for or not; NNTP's CAPABILITIES; ManageSieve's list
	FromAuthList                     // POP3's AUTH without an argument: mechanisms, and nothing else
	FromID                           // IMAP's ID (RFC 2971)
)

func (s Source) String() string {
	return nameOf(sourceNames, int(s))
}

var sourceNames = []string{FromGreeting: "greeting", FromEHLO: "ehlo", FromLHLO: "lhlo", FromCAPA: "capa",
	FromCapability: "capability", FromAuthList: "auth", FromID: "id"}

// Server is what a server says of itself. It is for the inventory: Text and Host are
// the only words of a server that an observation holds, but for Oddity.Host.
type Server struct {
	Source  Source
	Product string // of a closed list ("Dovecot", "Postfix", ...), empty if none matched
	Version string // digits, letters, dots and dashes, at most 24 bytes; empty if none was told
	Host    string // the name by which an SMTP server greets, at most 253 bytes of letters, digits, dots and dashes; else empty
	Text    string // FromGreeting: the line, printable, at most 128 bytes, without APOP's timestamp
	Masked  bool   // the greeting consists of asterisks: a middlebox rewrote it
}

// Offer is what a server offers before TLS. Offers are comparable: two that are
// equal offer the same.
type Offer struct {
	Source        Source
	Refused       bool         // the server does not know the question: what it offers is not known
	StartTLS      bool         // STARTTLS, STLS, X-ANONYMOUSTLS
	LoginDisabled bool         // IMAP's LOGINDISABLED (RFC 9051 section 6.2.3)
	UserPass      bool         // POP3's USER (RFC 2449 section 6.3), NNTP's AUTHINFO USER
	Auth          bool         // a list of mechanisms is there, be it empty
	Mechanisms    MechanismSet // of SASL, offered in clear
	Masked        int          // keywords such as XXXXXXXA: a middlebox rewrote them
}

// Plaintext reports whether the offer has a login that shows the password: for
// IMAP, where LOGIN needs no offer, its absence counts as well as its prohibition.
func (o *Offer) Plaintext(protocol string) bool {
	switch {
	case o.Refused:
		return false
	case o.Mechanisms.Has(MechPlain) || o.Mechanisms.Has(MechLogin) || o.UserPass:
		return true
	}
	return protocol == "imap" && !o.LoginDisabled
}

// UpgradeResult tells how a wish for TLS ended.
type UpgradeResult uint8

// The results of Upgrade. Of each STARTTLS exactly one is reported, when it is known.
const (
	Implicit    UpgradeResult = iota + 1 // no STARTTLS: TLS from the first byte
	Followed                             // the server agreed and the client began TLS
	NotFollowed                          // the server agreed and the client went on in clear
	Interrupted                          // the server agreed and the connection ended
	Rejected                             // the server refused
	Unanswered                           // no answer was seen
)

func (r UpgradeResult) String() string { return nameOf(upgradeNames, int(r)) }

var upgradeNames = []string{Implicit: "implicit", Followed: "followed", NotFollowed: "not followed", Interrupted: "interrupted",
	Rejected: "rejected", Unanswered: "unanswered"}

// Upgrade is how a wish for TLS ended.
type Upgrade struct {
	Result  UpgradeResult
	Offered bool // the last offer of this flow had STARTTLS
	Known   bool // there was an offer in this flow
	Masked  bool // the command itself was masked on its way: the server saw XXXXXXXX
}

// Oddity is something that has no place before TLS.
type Oddity struct {
	By    reassembly.Dir // Injection: ToServer when the client's side holds it (commands), ToClient for the server's (replies)
	Verbs []string       // Injection: names of commands or replies in the text, from a closed list, each once
	Host  string         // Referral: the host that the client is sent to; letters, digits, dots, dashes, colons
	URL   bool           // ServerAlert: the text holds a URL
}

// Summary sums up a flow.
type Summary struct {
	Greeted  bool // the server's greeting was seen
	Asked    bool // a list was learnt that would have had STARTTLS: the session tells whether it is there
	StartTLS bool // STARTTLS was offered in clear
	TLS      bool // the flow went on in TLS, or began with it
	Required bool // the server refused a command or a login because TLS was missing
	Logins   int  // attempts in clear with a secret
	Accepted int  // of these, how many the server accepted
	Probes   int  // names that the server refused outside of a login: VRFY, EXPN, RCPT, USER without PASS
	Mail     bool // a message crossed in clear: DATA or BDAT was accepted
}

// nameOf gives the name of a value in a list, "unknown" if there is none.
func nameOf(names []string, i int) string {
	if i < len(names) && names[i] != "" {
		return names[i]
	}
	return "unknown"
}
