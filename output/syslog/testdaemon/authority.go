package testdaemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority makes certificates.
type Authority struct {
	Dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	CA   string // file
}

// NewAuthority makes one in a folder of the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{Dir: t.TempDir()}
	a.key, a.cert = a.Issue(t, "ca", &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.CA = filepath.Join(a.Dir, "ca.pem")
	return a
}

// Issue makes NAME.pem and NAME.key.
func (a *Authority) Issue(t testing.TB, name string, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(a.Dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, made
}

// Server makes a certificate for 127.0.0.1 and receiver.example.org, or c.
func (a *Authority) Server(t testing.TB, c *x509.Certificate) (tls.Certificate, string) {
	t.Helper()
	if c == nil {
		c = &x509.Certificate{DNSNames: []string{"receiver.example.org"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	_, made := a.Issue(t, "server", c)
	pair, err := tls.LoadX509KeyPair(filepath.Join(a.Dir, "server.pem"), filepath.Join(a.Dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(made.Raw)
	return pair, hex.EncodeToString(sum[:])
}

// Client makes a certificate of a sensor.
func (a *Authority) Client(t testing.TB) (cert, key string) {
	t.Helper()
	a.Issue(t, "client", &x509.Certificate{Subject: pkix.Name{CommonName: "sensor"}, DNSNames: []string{"sensor.example.org"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return filepath.Join(a.Dir, "client.pem"), filepath.Join(a.Dir, "client.key")
}

// Pool is what trusts it.
func (a *Authority) Pool(t testing.TB) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}
