package tls_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"testing"
	"time"

	"cleartap/detectors"
)

// resign signs a certificate over another hash than SHA-256: of the algorithm's
// identifier only the last byte differs.
func resign(t *testing.T, c tls.Certificate, last byte, hash crypto.Hash) tls.Certificate {
	t.Helper()
	sha256 := []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")
	der := bytes.ReplaceAll(c.Certificate[0], sha256, append(bytes.Clone(sha256[:8]), last))
	var parts struct {
		TBS  asn1.RawValue
		Alg  asn1.RawValue
		Sign asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		t.Fatal(err)
	}
	var sum []byte
	if hash == crypto.MD5 {
		s := md5.Sum(parts.TBS.FullBytes)
		sum = s[:]
	} else {
		s := sha1.Sum(parts.TBS.FullBytes)
		sum = s[:]
	}
	sig, err := rsa.SignPKCS1v15(rand.Reader, c.PrivateKey.(*rsa.PrivateKey), hash, sum)
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(der[:len(der)-len(sig)]), sig...)
	return tls.Certificate{Certificate: [][]byte{out}, PrivateKey: c.PrivateKey}
}

func TestCertificates(t *testing.T) {
	at := time.Unix(0, int64(now))
	ec, rs := newECDSA(t), newRSA(t, 2048)
	for name, c := range map[string]struct {
		cert tls.Certificate
		sni  string
		want detectors.CertificateFaults
	}{
		"as it should be, but for itself": {certificate(t, ec, keep), "imap.example.org", detectors.CertSelfSigned},
		"wildcard":                        {certificate(t, ec, keep), "a.mail.example.org", detectors.CertSelfSigned},
		"another name":                    {certificate(t, ec, keep), "pop.example.org", detectors.CertSelfSigned | detectors.CertWrongName},
		"no name asked for":               {certificate(t, ec, keep), "", detectors.CertSelfSigned},
		"the address asked for":           {certificate(t, ec, keep), "192.0.2.1", detectors.CertSelfSigned},
		"by its common name":              {certificate(t, ec, func(c *x509.Certificate) { c.DNSNames = nil }), "imap.example.org", detectors.CertSelfSigned},
		"expired":                         {certificate(t, ec, func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Second) }), "imap.example.org", detectors.CertSelfSigned | detectors.CertExpired},
		"not yet":                         {certificate(t, ec, func(c *x509.Certificate) { c.NotBefore = at.Add(time.Second * 2) }), "imap.example.org", detectors.CertSelfSigned | detectors.CertNotYetValid},
		"for ever":                        {certificate(t, ec, func(c *x509.Certificate) { c.NotAfter = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }), "imap.example.org", detectors.CertSelfSigned},
		"weak key":                        {certificate(t, newRSA(t, 1024), keep), "imap.example.org", detectors.CertSelfSigned | detectors.CertWeakKey},
		"SHA-1":                           {resign(t, certificate(t, rs, keep), 5, crypto.SHA1), "imap.example.org", detectors.CertSelfSigned | detectors.CertWeakHash},
		"MD5":                             {resign(t, certificate(t, rs, keep), 4, crypto.MD5), "imap.example.org", detectors.CertSelfSigned | detectors.CertWeakHash},
		"issued by another":               {issued(t), "imap.example.org", 0},
		"no certificate":                  {tls.Certificate{Certificate: [][]byte{[]byte("\x30\x03\x02\x01\x00")}, PrivateKey: ec}, "imap.example.org", detectors.CertUnreadable},
	} {
		// The standard library's client refuses some of these: what the server says is what counts.
		client := &tls.Config{InsecureSkipVerify: true, ServerName: c.sni, MaxVersion: tls.VersionTLS12}
		pieces, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{certificate(t, c.cert.PrivateKey.(crypto.Signer), keep)}})
		pieces[1].p = replaceCertificate(t, pieces[1].p, c.cert.Certificate[0])
		f := facts(t, pieces[:2])
		if c.sni == "192.0.2.1" { // no client asks for it, but some do
			f.SNI = c.sni
		}
		if f.Leaf == nil || f.Faults != c.want {
			t.Errorf("%s: faults %q, want %q", name, f.Faults.Words(), c.want.Words())
			continue
		}
		if c.want == detectors.CertUnreadable {
			if !f.Leaf.Unreadable || len(f.Leaf.SHA256) != 95 {
				t.Errorf("%s: %+v", name, f.Leaf)
			}
		} else if f.Leaf.Subject.CommonName != "imap.example.org" || f.Leaf.Subject.Organization != "Example[31m" || f.Leaf.Subject.Country != "AT" || len(f.Leaf.SHA512) != 191 {
			t.Errorf("%s: %+v", name, f.Leaf)
		}
	}
}

// issued is a certificate by an authority.
func issued(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := certificate(t, key, func(c *x509.Certificate) { c.Subject.CommonName, c.IsCA = "An authority", true })
	parent, err := x509.ParseCertificate(root.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	mine := newECDSA(t)
	c, err := x509.ParseCertificate(certificate(t, mine, keep).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, mine.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: mine}
}

// replaceCertificate puts another certificate into the server's flight.
func replaceCertificate(t *testing.T, p, der []byte) (out []byte) {
	t.Helper()
	for len(p) >= 5 {
		size := int(p[3])<<8 | int(p[4])
		record := p[:5+size]
		if p[0] == 22 && p[5] == 11 {
			n := len(der)
			body := append([]byte{11, 0, byte((n + 6) >> 8), byte(n + 6), 0, byte((n + 3) >> 8), byte(n + 3), 0, byte(n >> 8), byte(n)}, der...)
			record = append([]byte{22, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
		}
		out = append(out, record...)
		p = p[5+size:]
	}
	return out
}
