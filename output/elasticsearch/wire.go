package elasticsearch

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// wire is the HTTP transport under the client. It follows no redirect (a
// RoundTripper never does: the key would go along), and notes which host failed.
type wire struct {
	transport *http.Transport
}

// hostError is a failure and the host it happened with.
type hostError struct {
	host string
	err  error
}

func (e *hostError) Error() string { return e.host + ": " + e.err.Error() }
func (e *hostError) Unwrap() error { return e.err }

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	res, err := w.transport.RoundTrip(req)
	if err != nil {
		return nil, &hostError{host, err}
	}
	return res, nil
}

func newWire(c *Config) (*wire, error) {
	conf, err := c.tls()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: min(10*time.Second, c.Timeout), KeepAlive: 30 * time.Second}
	dialer.SetMultipathTCP(false) // a sandbox's rules of ports do not see such sockets
	return &wire{transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    min(10*time.Second, c.Timeout),
		ResponseHeaderTimeout:  c.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        time.Minute,
	}}, nil
}

// tls makes the configuration of TLS. What a server shows is always verified.
func (c *Config) tls() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s holds no certificate in PEM", c.CAFile)
		}
	}
	if c.CertFile != "" {
		load := func() (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("client_certificate %s with client_key %s: %w", c.CertFile, c.KeyFile, err)
			}
			return &cert, nil
		}
		if _, err := load(); err != nil {
			return nil, err
		}
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() } // it may have been renewed
	}
	if c.Fingerprint != "" {
		pin, err := parseFingerprint(c.Fingerprint)
		if err != nil {
			return nil, err
		}
		conf.InsecureSkipVerify = true // verified by the pin, below
		names, err := c.hosts()
		if err != nil {
			return nil, err
		}
		conf.VerifyConnection = func(s tls.ConnectionState) error { return verifyPin(pin, names, s.PeerCertificates) }
	}
	return conf, nil
}

// errPin is the fault of a server whose certificates do not have the fingerprint.
var errPin = errors.New("no certificate of the server has the fingerprint")

// verifyPin accepts a server that shows the certificate of the fingerprint itself,
// or one that was made for one of our nodes' names by an authority of that
// fingerprint. That such an authority's certificate was merely sent along proves
// nothing: it is public.
func verifyPin(pin []byte, names []string, chain []*x509.Certificate) error {
	for i, cert := range chain {
		if sum := sha256.Sum256(cert.Raw); !bytes.Equal(sum[:], pin) {
			continue
		}
		if i == 0 {
			return nil // it proved to have the key
		}
		opts := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
		opts.Roots.AddCert(cert)
		for _, between := range chain[1:i] {
			opts.Intermediates.AddCert(between)
		}
		if _, err := chain[0].Verify(opts); err != nil {
			return err
		}
		return anyName(chain[0], names)
	}
	return errPin
}

// anyName accepts a certificate that is for one of the names.
func anyName(cert *x509.Certificate, names []string) (err error) {
	for _, name := range names {
		if err = cert.VerifyHostname(name); err == nil {
			return nil
		}
	}
	return err
}

// maxAnswer is the most that an answer may have, in bytes, decompressed.
const maxAnswer = 16 << 20

var errTooLong = errors.New("the answer is too long")

func readCapped(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		return nil, errTooLong
	}
	return b, err
}

// retryAfter is how long a server asks to wait, in seconds; dates are not read.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 86400 {
		return 0
	}
	return time.Duration(n) * time.Second
}
