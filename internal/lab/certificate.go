//go:build linux

package lab

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Where the lab's programs find the servers' certificate, which is its own
// authority, its key, and both in one file.
const (
	CertFile = "/lab/cert.pem"
	KeyFile  = "/lab/key.pem"
	BothFile = "/lab/both.pem"
)

// certify makes a certificate for all names and addresses of the lab.
func (l *Lab) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: serverName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"*.example.org"},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range []int{OpenNode, StrictNode, PlainNode, CyrusNode, CourierNode, EximNode} {
		c.IPAddresses = append(c.IPAddresses, net.IP(IPv4(n).AsSlice()), net.IP(IPv6(n).AsSlice()))
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	var cert, priv bytes.Buffer
	if err := pem.Encode(&cert, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		return err
	}
	if err := pem.Encode(&priv, &pem.Block{Type: "PRIVATE KEY", Bytes: secret}); err != nil {
		return err
	}
	for name, text := range map[string]string{CertFile: cert.String(), KeyFile: priv.String(), BothFile: priv.String() + cert.String()} {
		if err := l.Write(name, text); err != nil {
			return err
		}
	}
	return nil
}
