package testnode

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the form of passwords in the server's file of users
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// configure writes the configuration, unless it is there from an earlier start.
func (n *Node) configure() error {
	if err := os.MkdirAll(n.config(""), 0o700); err != nil {
		return err
	}
	sum := sha1.Sum([]byte(Password)) //nolint:gosec // see the import
	files := map[string]string{
		"elasticsearch.yml": "", "roles.yml": "", "role_mapping.yml": "",
		"users":       Admin + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\n",
		"users_roles": "superuser:" + Admin + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(n.config(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	var err error
	if n.CA, err = NewAuthority("testnode authority"); err != nil {
		return err
	}
	if err := os.WriteFile(n.CAFile(), n.CA.PEM, 0o600); err != nil {
		return err
	}
	return n.Certify(n.CA, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
}

// Certify gives the node a certificate for the name localhost, alone. A node that
// runs takes it within a second or two.
func (n *Node) Certify(by *Authority, from, to time.Time) error {
	cert, key, err := by.Issue("localhost", from, to)
	if err != nil {
		return err
	}
	if err := replace(n.config("http.key"), key); err != nil {
		return err
	}
	return replace(n.config("http.pem"), cert)
}

func replace(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Authority signs certificates.
type Authority struct {
	PEM  []byte // its certificate
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority of a name.
func NewAuthority(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{PEM: pemOf("CERTIFICATE", der), Cert: cert, key: key}, err
}

// Issue makes a certificate for a name, good for servers and clients, followed by
// the authority's own, and its key, in PEM.
func (a *Authority) Issue(name string, from, to time.Time) (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, k.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	return append(pemOf("CERTIFICATE", der), a.PEM...), pemOf("PRIVATE KEY", raw), err
}

// Write issues a certificate into two files of a folder.
func (a *Authority) Write(dir, name string) (certFile, keyFile string, err error) {
	cert, key, err := a.Issue(name, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	if err := os.WriteFile(certFile, cert, 0o600); err != nil {
		return "", "", err
	}
	return certFile, keyFile, os.WriteFile(keyFile, key, 0o600)
}

func serial() *big.Int { return big.NewInt(time.Now().UnixNano()) }

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// String names the node in messages.
func (n *Node) String() string { return fmt.Sprintf("test node at port %d", n.Port) }
