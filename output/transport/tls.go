// Package transport is what sinks share that reach receivers over a network. Its one
// job is to make TLS of files, and words for operators of what went wrong; its
// invariant: no fault quotes what a server sent.
package transport

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// TLS is how TLS is spoken. Zero values: the system's authorities, the name in
// the address, no certificate of our own. Files are read at each connection, so
// that they can be renewed.
type TLS struct {
	CA           string   // file of authorities, PEM
	Certificate  string   // file of our certificate and those above it, PEM
	Key          string   // file of its key, PEM
	ServerName   string   // the name in the receiver's certificate, if it is not that of the address
	Fingerprints []string // SHA-256 of the receiver's certificate: instead of authority and name (RFC 5425 section 4.2.2)
}

// Zero reports whether nothing is set.
func (s *TLS) Zero() bool {
	return s.CA == "" && s.Certificate == "" && s.Key == "" && s.ServerName == "" && len(s.Fingerprints) == 0
}

// Files lists the files that are read.
func (s *TLS) Files() []string {
	var out []string
	for _, f := range []string{s.CA, s.Certificate, s.Key} {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}

// Validate tells all that is wrong, with the name of the setting in front.
func (s *TLS) Validate() []error {
	var errs []error
	if (s.Certificate == "") != (s.Key == "") {
		errs = append(errs, errors.New("tls.certificate: a certificate needs its key, and a key its certificate"))
	}
	for _, f := range s.Fingerprints {
		if _, err := fingerprint(f); err != nil {
			errs = append(errs, fmt.Errorf("tls.fingerprints: %w", err))
		}
	}
	return errs
}

// fingerprint reads 64 hexadecimal digits, with colons or without, behind
// "sha-256:" or not.
func fingerprint(s string) ([]byte, error) {
	digits := strings.ToLower(s)
	for _, prefix := range []string{"sha-256:", "sha256:"} {
		digits = strings.TrimPrefix(digits, prefix)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil || len(b) != sha256.Size {
		return nil, fmt.Errorf("%q: want sha-256: and the 64 hexadecimal digits of a certificate's fingerprint", s)
	}
	return b, nil
}

// faultyFile is a file of TLS that cannot be used.
type faultyFile struct{ setting, path, why string }

func (f *faultyFile) Error() string { return f.setting + " " + f.path + ": " + f.why }

// errFingerprint says that a receiver has none of the certificates that are known.
var errFingerprint = errors.New("fingerprint")

// Config makes the configuration of a connection to a host. It reads the files.
func (s *TLS) Config(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if s.ServerName != "" {
		c.ServerName = s.ServerName
	}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, &faultyFile{"tls.ca", s.CA, reason(err)}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, &faultyFile{"tls.ca", s.CA, "no certificate in PEM is in it"}
		}
	}
	if s.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.Certificate, s.Key)
		if err != nil {
			return nil, &faultyFile{"tls.certificate", s.Certificate, "it and " + s.Key + " are not a certificate and its key in PEM that this user may read"}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if len(s.Fingerprints) > 0 {
		c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection takes its place: RFC 5425 section 4.2.2
		c.VerifyConnection = s.verify
	}
	return c, nil
}

// verify accepts a receiver by its fingerprint.
func (s *TLS) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errFingerprint
	}
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	for _, f := range s.Fingerprints {
		if want, err := fingerprint(f); err == nil && subtle.ConstantTimeCompare(want, sum[:]) == 1 {
			return nil
		}
	}
	return errFingerprint
}
