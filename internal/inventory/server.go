package inventory

import (
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/siphash"
)

// Server is what is known of one server. What observations look at stands first, by
// lines of the processor's cache, which are 64 bytes.
type Server struct {
	Key
	touched uint64 // of ages
	Last    capture.Nanos

	First  capture.Nanos
	told   int64        // the day for which CT-INV-001 was told last
	mark   capture.Mark // of the last observation
	vlan   uint16
	Faults detectors.CertificateFaults // of Certificate

	dirty, loaded bool // of the store
	kept          bool // the inventory has it
	greeted       bool // its greeting was seen
	seen          bool // CT-INV-002 was told
	Masked        bool // something rewrites what it says
	StartTLS      bool // offered in clear, at least once
	LoginDisabled bool // IMAP: in the last list
	UserPass      bool // POP3, NNTP: USER was offered in clear
	Plaintext     bool // it offered or took a login that shows the password
	Required      bool // it refused something because TLS was missing
	Implicit      bool // TLS from the first byte was seen
	External      bool // outside of the home networks

	Clients Sketch

	Accounts Sketch

	Path string // where it was seen last, as the observer calls it
	// What was taken in last: the same once more tells nothing new.
	said      *detectors.Server
	offered   *detectors.Offer
	Sessions  uint64 // connections
	Telling   uint64 // of these, that would have shown whether there is TLS
	Logins    uint64 // in clear
	Accepted  uint64 // of these
	Encrypted uint64 // of Telling, that went on in TLS
	Mails     uint64 // connections in which a message crossed in clear

	Product, Version string
	Host             string                 // by which it greets
	Banner           string                 // its last greeting: printable, at most 128 bytes, without APOP's timestamp
	Mechanisms       detectors.MechanismSet // offered in clear, ever
	Versions         [versions]uint64       // handshakes by version
	Suite            string                 // of the last handshake
	SNI              string                 // that clients asked for last
	Certificate      *detectors.Certificate // the last one shown
}

// versions is how many versions of TLS are counted, the unknown one included.
const versions = 7

// versionList is what Versions counts, in its order.
var versionList = [versions]detectors.TLSVersion{0, detectors.SSL2, detectors.SSL3, detectors.TLS10, detectors.TLS11, detectors.TLS12, detectors.TLS13}

func versionIndex(v detectors.TLSVersion) int {
	for i, known := range versionList {
		if v == known {
			return i
		}
	}
	return 0
}

// note takes what an observation tells of the server.
func (s *Server) note(v *Inventory, o *detectors.Observation) {
	s.dirty = true
	at := o.Decided.Time
	if at == 0 {
		at = o.Mark.Time
	}
	if s.First == 0 || at < s.First {
		s.First = at
	}
	s.Last = max(s.Last, at)
	s.mark, s.vlan = o.Mark, o.Flow.VLAN
	switch o.Kind {
	case detectors.Login:
		s.login(v, o)
	case detectors.Greeting:
		s.greeting(o.Server)
	case detectors.Offered:
		s.offer(o)
	case detectors.Upgraded:
		s.Implicit = s.Implicit || o.Upgrade.Result == detectors.Implicit
		s.Masked = s.Masked || o.Upgrade.Masked
	case detectors.Handshake:
		s.handshake(o.TLS)
	case detectors.Ended:
		s.ended(v, o)
	}
}

// client is who spoke to the server: the one that a proxy announced, if there is one.
func client(o *detectors.Observation) netip.Addr {
	if o.Proxy.IsValid() {
		return o.Proxy.Addr().Unmap()
	}
	return o.Flow.Client.Addr().Unmap()
}

func (s *Server) login(v *Inventory, o *detectors.Observation) {
	if o.Attempt.Identity != "" && o.Attempt.Secret.Seen() {
		s.Accounts.Add(v.key.Sum([]byte(o.Attempt.Identity)))
	}
	if !o.Attempt.Secret.Seen() || o.Attempt.Class != detectors.Password {
		return
	}
	// What the server judged it takes, whatever it offers.
	s.Plaintext = s.Plaintext || o.Result == detectors.Success || o.Result == detectors.Failure
}

func (s *Server) greeting(g *detectors.Server) {
	if g == s.said {
		return
	}
	s.said = g
	if g.Product != "" {
		if g.Version != "" || g.Product != s.Product {
			s.Version = g.Version
		}
		s.Product = g.Product
	}
	if g.Source == detectors.FromGreeting {
		s.greeted = true
		s.Banner, s.Masked = g.Text, s.Masked || g.Masked
		if g.Host != "" {
			s.Host = g.Host
		}
	}
}

func (s *Server) offer(o *detectors.Observation) {
	f := o.Offer
	if f == s.offered || f.Refused {
		return
	}
	s.offered = f
	s.Masked = s.Masked || f.Masked > 0
	s.StartTLS = s.StartTLS || f.StartTLS
	s.UserPass = s.UserPass || f.UserPass
	s.LoginDisabled = f.LoginDisabled
	s.Mechanisms.Union(f.Mechanisms)
	if f.Source != detectors.FromAuthList || !f.Mechanisms.Empty() {
		s.Plaintext = s.Plaintext || f.Plaintext(o.Protocol)
	}
}

func (s *Server) handshake(t *detectors.TLS) {
	if t.SNI != "" {
		s.SNI = t.SNI
	}
	if t.Version == 0 {
		return
	}
	s.Versions[versionIndex(t.Version)]++
	s.Suite = t.SuiteName
	if t.Leaf != nil {
		s.Certificate, s.Faults = t.Leaf, t.Faults
	}
}

func (s *Server) ended(v *Inventory, o *detectors.Observation) {
	x := o.Summary
	s.Sessions++
	s.Clients.Add(v.key.Words(siphash.Address(client(o))))
	if x.Asked && o.Sides == 2 || x.TLS {
		s.Telling++
	}
	if x.TLS {
		s.Encrypted++
	}
	s.Logins += uint64(x.Logins)     //nolint:gosec // counts
	s.Accepted += uint64(x.Accepted) //nolint:gosec // counts
	s.Required = s.Required || x.Required
	if x.Mail {
		s.Mails++
	}
}
