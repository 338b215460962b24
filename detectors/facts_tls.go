package detectors

import "cleartap/capture"

// TLSVersion is a version as it is on the wire; 0 when it is not known. Of the two
// that SSL 2.0 and TLS 1.3 drafts share bytes with nothing else does.
type TLSVersion uint16

// The versions. SSL 2.0 has this number in its own hello (draft-hickman-netscape-ssl-00).
const (
	SSL2  TLSVersion = 0x0002
	SSL3  TLSVersion = 0x0300
	TLS10 TLSVersion = 0x0301
	TLS11 TLSVersion = 0x0302
	TLS12 TLSVersion = 0x0303
	TLS13 TLSVersion = 0x0304
)

func (v TLSVersion) String() string {
	switch v {
	case SSL2:
		return "SSL 2.0"
	case SSL3:
		return "SSL 3.0"
	case TLS10:
		return "TLS 1.0"
	case TLS11:
		return "TLS 1.1"
	case TLS12:
		return "TLS 1.2"
	case TLS13:
		return "TLS 1.3"
	}
	return "unknown"
}

// HandshakeEnd tells how far a handshake went.
type HandshakeEnd uint8

// The ends of a handshake. Alerts in TLS 1.3 are encrypted behind the ServerHello;
// one is recognised there by being too short for the Finished that should stand in its place.
const (
	HandshakeCut         HandshakeEnd = iota // the flow ended, bytes were missing, or a bound was hit
	HandshakeEstablished                     // both sides went on under the negotiated keys
	HandshakeFailed                          // one side ended it with an alert
)

func (e HandshakeEnd) String() string {
	return nameOf([]string{HandshakeCut: "cut", HandshakeEstablished: "established", HandshakeFailed: "failed"}, int(e))
}

// TLS is what a handshake shows. It is not changed once it was reported.
type TLS struct {
	Implicit   bool       // from the first byte: no STARTTLS came before
	Offered    TLSVersion // highest version that the client offers, GREASE (RFC 8701) aside
	Version    TLSVersion // negotiated: supported_versions where it is, else the ServerHello's; 0 without a ServerHello
	Suite      uint16     // negotiated cipher suite; of SSL 2.0 the first of the client's that the server has, in SSL2Suite
	SSL2Suite  uint32     // three bytes; 0 unless Version is SSL2
	SuiteName  string     // as IANA names it, or 0xNNNN
	Weakness   SuiteWeakness
	Group      uint16 // key exchange group of TLS 1.3, or of ECDHE; 0 if unknown
	DHBits     int    // bits of the prime of DHE; 0 if there is none
	SNI        string // server name that the client asks for, a host name or empty
	ALPN       string // protocol agreed on, or first offered where that is not visible, if it is a mail protocol's
	JA4        string // fingerprint of the ClientHello
	Retried    bool   // there was a HelloRetryRequest
	Downgraded bool   // the server's random says that it knows a higher version which the client offers as well (RFC 8446 section 4.1.3)
	Resumed    bool   // an earlier session goes on: there is no certificate, and nothing wrong with that
	Alert      uint8  // description of the alert that ended it, where it was readable; 0 if none
	AlertBy    bool   // the alert was the server's
	End        HandshakeEnd
	Chain      int          // certificates that the server sent, up to TLS 1.2
	Leaf       *Certificate // the first of them; nil if none was readable
	Faults     CertificateFaults
}

// SuiteWeakness is a set of what is wrong with a cipher suite.
type SuiteWeakness uint8

// The weaknesses, worst first.
const (
	SuiteNull      SuiteWeakness = 1 << iota // no encryption: all is readable
	SuiteExport                              // 40 or 56 bits, by law, once
	SuiteAnon                                // no authentication
	SuiteRC4                                 // RFC 7465
	SuiteDES                                 // single DES, RC2, IDEA
	Suite3DES                                // blocks of 64 bits (CVE-2016-2183)
	SuiteStaticRSA                           // no forward secrecy
)

// Worst gives the worst weakness of a set, 0 if there is none.
func (w SuiteWeakness) Worst() SuiteWeakness { return w & -w }

// String names the worst weakness.
func (w SuiteWeakness) String() string {
	switch w.Worst() {
	case SuiteNull:
		return "NULL encryption"
	case SuiteExport:
		return "export-grade encryption"
	case SuiteAnon:
		return "anonymous key exchange"
	case SuiteRC4:
		return "RC4"
	case SuiteDES:
		return "DES, RC2 or IDEA"
	case Suite3DES:
		return "3DES"
	case SuiteStaticRSA:
		return "static RSA key exchange"
	}
	return "none"
}

// CertificateFaults is a set of what is wrong with a certificate, at the time of the
// packets.
type CertificateFaults uint8

// The faults.
const (
	CertExpired CertificateFaults = 1 << iota
	CertNotYetValid
	CertSelfSigned // issuer is subject, and the signature is by its own key
	CertWeakKey    // RSA or DSA below 2048 bits, elliptic curves below 224
	CertWeakHash   // signed over MD2, MD5 or SHA-1
	CertWrongName  // none of its names is the one that the client asked for
	CertUnreadable // it could not be parsed
)

// faultWords are the names of faults, in the order of the bits.
var faultWords = [...]string{"expired", "not_yet_valid", "self_signed", "weak_key", "weak_hash", "wrong_name", "unreadable"}

// Words names the faults of a set.
func (f CertificateFaults) Words() (out []string) {
	for i, word := range faultWords {
		if f&(1<<i) != 0 {
			out = append(out, word)
		}
	}
	return out
}

// Certificate is a server's certificate, as the Shadowserver reports want it. Its
// texts are printable and at most 128 bytes each.
type Certificate struct {
	Subject, Issuer    Name
	Serial             string // hexadecimal, upper case
	NotBefore          capture.Nanos
	NotAfter           capture.Nanos
	KeyAlgorithm       string // "RSA", "ECDSA", "Ed25519", "DSA"
	KeyBits            int
	SignatureAlgorithm string // as crypto/x509 names it: "SHA256-RSA", ...
	MD5, SHA1          string // fingerprints, hexadecimal with colons, upper case
	SHA256, SHA512     string
	Names              []string // alternative names, at most 256
	SelfSigned         bool
	Unreadable         bool // it could not be parsed: only the fingerprints are known
}

// Name is a distinguished name, of each attribute the first value.
type Name struct {
	CommonName, Country, Province, Locality, Organization, Unit string
	Street, PostalCode, SerialNumber, Email, GivenName, Surname string
	BusinessCategory                                            string
}
