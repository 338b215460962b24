package syslog

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format/formattest"
)

// receiver takes messages as a receiver would, with frames read strictly.
type receiver struct {
	l    net.Listener
	addr string

	mu    sync.Mutex
	got   []string
	fault error
	conns []net.Conn
	lazy  int // connections that are closed after so many messages; 0: none
}

func (r *receiver) messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// wait waits until n messages have come.
func (r *receiver) wait(t *testing.T, n int) []string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got := r.messages(); len(got) >= n {
			return got
		}
	}
	t.Fatalf("%d messages came, not %d (%v)", len(r.messages()), n, r.fault)
	return nil
}

// listen opens a receiver for streams. cfg may be nil.
func listen(t *testing.T, network, addr string, cfg *tls.Config, framing Framing) *receiver {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	if cfg != nil {
		l = tls.NewListener(l, cfg)
	}
	r := &receiver{l: l, addr: l.Addr().String()}
	t.Cleanup(r.stop)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			go r.serve(c, framing)
		}
	}()
	return r
}

func (r *receiver) stop() {
	_ = r.l.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
}

func (r *receiver) serve(c net.Conn, framing Framing) {
	defer c.Close()
	in := bufio.NewReader(c)
	for n := 1; ; n++ {
		m, err := frame(in, framing)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.mu.Lock()
				r.fault = err
				r.mu.Unlock()
			}
			return
		}
		r.mu.Lock()
		r.got = append(r.got, m)
		over := r.lazy > 0 && n >= r.lazy
		r.mu.Unlock()
		if over {
			return
		}
	}
}

// frame reads one message, strictly.
func frame(in *bufio.Reader, framing Framing) (string, error) {
	if framing == Lines {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		return line[:len(line)-1], nil
	}
	head, err := in.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(head[:len(head)-1])
	if err != nil || head[0] == '0' {
		return "", fmt.Errorf("a frame begins with %q", head)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(in, b)
	return string(b), err
}

// authority makes certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	CA   string // file
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key, a.cert = a.issue(t, "ca", &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.CA = filepath.Join(a.dir, "ca.pem")
	return a
}

// issue makes NAME.pem and NAME.key.
func (a *authority) issue(t *testing.T, name string, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
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
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, made
}

// server makes a certificate for 127.0.0.1 and receiver.example.org, or c.
func (a *authority) server(t *testing.T, c *x509.Certificate) (tls.Certificate, string) {
	t.Helper()
	if c == nil {
		c = &x509.Certificate{DNSNames: []string{"receiver.example.org"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	_, made := a.issue(t, "server", c)
	pair, err := tls.LoadX509KeyPair(filepath.Join(a.dir, "server.pem"), filepath.Join(a.dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(made.Raw)
	return pair, hex.EncodeToString(sum[:])
}

// client makes a certificate of a sensor.
func (a *authority) client(t *testing.T) (cert, key string) {
	t.Helper()
	a.issue(t, "client", &x509.Certificate{Subject: pkix.Name{CommonName: "sensor"}, DNSNames: []string{"sensor.example.org"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return filepath.Join(a.dir, "client.pem"), filepath.Join(a.dir, "client.key")
}

func (a *authority) pool(t *testing.T) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// records makes n records with ids that begin with prefix.
func records(prefix string, n int) []output.Record {
	var all []output.Record
	for i := range n {
		a := formattest.Sample()
		a.Event.ID = fmt.Sprintf("%s%06d", prefix, i)
		all = append(all, output.NewRecord(&a))
	}
	return all
}
