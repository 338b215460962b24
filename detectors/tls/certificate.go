package tls

import (
	"crypto"
	"crypto/dsa" //nolint:staticcheck // old servers have such keys: to be told
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5" //nolint:gosec // fingerprints are also told in it, and old certificates are signed over it
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math"
	"net/netip"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
)

const (
	mostChain = 16   // certificates of a chain that are counted
	mostNames = 256  // alternative names that are kept
	mostText  = 128  // bytes of a text in a certificate that are kept
	mostBits  = 8192 // larger RSA keys are not computed with
)

// certificates takes the server's chain, up to TLS 1.2 (RFC 5246 section 7.4.2).
func (s *session) certificates(body []byte) {
	r := &reader{p: (&reader{p: body}).vector(3)}
	for !r.empty() && s.facts.Chain < mostChain {
		der := r.vector(3)
		if !r.ok() {
			break
		}
		if s.facts.Chain == 0 {
			s.leaf(der)
		}
		s.facts.Chain++
	}
	s.reply.cert = s.facts.Chain > 0
}

// leaf takes the server's own certificate. Servers show the same one again and again.
func (s *session) leaf(der []byte) {
	sum := sha256.Sum256(der)
	cert := s.c.Certificate(&sum)
	if cert == nil {
		cert = parse(der, &sum)
		s.c.KeepCertificate(&sum, cert)
	}
	s.facts.Leaf = cert
}

// parse reads a certificate. One that cannot be read has its fingerprints only.
func parse(der []byte, sum *[32]byte) *detectors.Certificate {
	one, two, three := md5.Sum(der), sha1.Sum(der), sha512.Sum512(der) //nolint:gosec // see the imports
	c := &detectors.Certificate{MD5: colons(one[:]), SHA1: colons(two[:]), SHA256: colons(sum[:]), SHA512: colons(three[:])}
	x, err := x509.ParseCertificate(der)
	if err != nil {
		c.Unreadable = true
		return c
	}
	c.Subject, c.Issuer = name(&x.Subject), name(&x.Issuer)
	c.Serial = upperHex(x.SerialNumber.Bytes())
	c.NotBefore, c.NotAfter = nanos(x.NotBefore), nanos(x.NotAfter)
	c.SignatureAlgorithm = x.SignatureAlgorithm.String()
	c.KeyAlgorithm, c.KeyBits = key(x)
	for _, n := range x.DNSNames[:min(len(x.DNSNames), mostNames)] {
		if h := hostName([]byte(trimWildcard(n))); h != "" {
			c.Names = append(c.Names, n[:len(n)-len(h)]+h)
		}
	}
	c.SelfSigned = string(x.RawIssuer) == string(x.RawSubject) && signedByItself(x)
	return c
}

func trimWildcard(n string) string {
	if len(n) > 2 && n[:2] == "*." {
		return n[2:]
	}
	return n
}

// nanos gives a time in nanoseconds, or the nearest one that can be told.
func nanos(t time.Time) capture.Nanos {
	switch {
	case t.Year() >= 2262:
		return math.MaxInt64
	case t.Year() < 1678:
		return math.MinInt64
	}
	return capture.Nanos(t.UnixNano())
}

// key tells what kind of key a certificate holds, and its size in bits.
func key(x *x509.Certificate) (algorithm string, bits int) {
	switch k := x.PublicKey.(type) {
	case *rsa.PublicKey:
		return "RSA", k.N.BitLen()
	case *ecdsa.PublicKey:
		return "ECDSA", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return "Ed25519", 256
	case *dsa.PublicKey:
		return "DSA", k.P.BitLen()
	}
	return "", 0
}

// signedByItself reports whether the certificate's own key made its signature. The
// standard library does not look at signatures over MD5, and a key of any size is more
// than it is worth.
func signedByItself(x *x509.Certificate) bool {
	k, isRSA := x.PublicKey.(*rsa.PublicKey)
	if isRSA && k.N.BitLen() > mostBits {
		return true // by its names
	}
	if isRSA && x.SignatureAlgorithm == x509.MD5WithRSA {
		sum := md5.Sum(x.RawTBSCertificate) //nolint:gosec // see the imports
		return rsa.VerifyPKCS1v15(k, crypto.MD5, sum[:], x.Signature) == nil
	}
	if isRSA && x.SignatureAlgorithm == x509.SHA1WithRSA {
		sum := sha1.Sum(x.RawTBSCertificate) //nolint:gosec // see the imports
		return rsa.VerifyPKCS1v15(k, crypto.SHA1, sum[:], x.Signature) == nil
	}
	return x.CheckSignature(x.SignatureAlgorithm, x.RawTBSCertificate, x.Signature) == nil
}

// faults says what is wrong with the server's certificate at a time.
func faults(t *detectors.TLS, at capture.Nanos) (f detectors.CertificateFaults) {
	c := t.Leaf
	set := func(bit detectors.CertificateFaults, wrong bool) {
		if wrong {
			f |= bit
		}
	}
	if c.Unreadable {
		return detectors.CertUnreadable
	}
	set(detectors.CertExpired, at > c.NotAfter)
	set(detectors.CertNotYetValid, at < c.NotBefore)
	set(detectors.CertSelfSigned, c.SelfSigned)
	set(detectors.CertWeakKey, weakKey(c))
	set(detectors.CertWeakHash, weakHash(c.SignatureAlgorithm))
	set(detectors.CertWrongName, t.SNI != "" && !isAddress(t.SNI) && !covers(c, t.SNI))
	return f
}

// isAddress reports whether a client put an address where a name belongs.
func isAddress(sni string) bool {
	_, err := netip.ParseAddr(sni)
	return err == nil
}

func weakKey(c *detectors.Certificate) bool {
	switch c.KeyAlgorithm {
	case "RSA", "DSA":
		return c.KeyBits < 2048
	case "ECDSA":
		return c.KeyBits < 224
	}
	return false
}

func weakHash(algorithm string) bool {
	switch algorithm {
	case x509.MD2WithRSA.String(), x509.MD5WithRSA.String(), x509.SHA1WithRSA.String(), x509.DSAWithSHA1.String(), x509.ECDSAWithSHA1.String():
		return true
	}
	return false
}

// covers reports whether a certificate is for a host (RFC 9525 section 6.3). One without
// alternative names is for its common name, as it was once.
func covers(c *detectors.Certificate, host string) bool {
	if len(c.Names) == 0 {
		return matches(hostPattern(c.Subject.CommonName), host)
	}
	for _, n := range c.Names {
		if matches(n, host) {
			return true
		}
	}
	return false
}

func hostPattern(n string) string {
	h := hostName([]byte(trimWildcard(n)))
	return n[:len(n)-len(trimWildcard(n))] + h
}

// matches compares a name of a certificate, which may begin with a wildcard for one
// label, with a host.
func matches(pattern, host string) bool {
	if len(host) > 0 && host[len(host)-1] == '.' {
		host = host[:len(host)-1]
	}
	rest := trimWildcard(pattern)
	if len(rest) == len(pattern) {
		return pattern != "" && pattern == host
	}
	for i := 1; i < len(host); i++ {
		if host[i] == '.' {
			return host[i+1:] == rest
		}
	}
	return false
}

// name reads a distinguished name.
func name(n *pkix.Name) detectors.Name {
	var out detectors.Name
	places := [...]struct {
		oid asn1.ObjectIdentifier
		to  *string
	}{
		{asn1.ObjectIdentifier{2, 5, 4, 3}, &out.CommonName}, {asn1.ObjectIdentifier{2, 5, 4, 4}, &out.Surname},
		{asn1.ObjectIdentifier{2, 5, 4, 5}, &out.SerialNumber}, {asn1.ObjectIdentifier{2, 5, 4, 6}, &out.Country},
		{asn1.ObjectIdentifier{2, 5, 4, 7}, &out.Locality}, {asn1.ObjectIdentifier{2, 5, 4, 8}, &out.Province},
		{asn1.ObjectIdentifier{2, 5, 4, 9}, &out.Street}, {asn1.ObjectIdentifier{2, 5, 4, 10}, &out.Organization},
		{asn1.ObjectIdentifier{2, 5, 4, 11}, &out.Unit}, {asn1.ObjectIdentifier{2, 5, 4, 15}, &out.BusinessCategory},
		{asn1.ObjectIdentifier{2, 5, 4, 17}, &out.PostalCode}, {asn1.ObjectIdentifier{2, 5, 4, 42}, &out.GivenName},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, &out.Email},
	}
	for _, attribute := range n.Names {
		text, ok := attribute.Value.(string)
		for i := range places {
			if p := &places[i]; ok && *p.to == "" && p.oid.Equal(attribute.Type) {
				*p.to = printable(text)
			}
		}
	}
	return out
}

// printable gives a text of a certificate without what is not printable.
func printable(s string) string {
	out := detectors.Text([]byte(s))
	for len(out) > mostText {
		cut := mostText
		for cut > 0 && out[cut]&0xc0 == 0x80 {
			cut--
		}
		out = out[:cut]
	}
	return out
}

func upperHex(b []byte) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// colons writes a fingerprint the way the Shadowserver reports have it.
func colons(b []byte) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 3*len(b))
	for i, c := range b {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}
