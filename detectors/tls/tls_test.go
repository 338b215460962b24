package tls_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/reassembly"
)

// certificate makes a self-signed certificate that is valid at the time of the packets,
// unless changed.
func certificate(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	at := time.Unix(0, int64(now))
	c := &x509.Certificate{SerialNumber: big.NewInt(0xabc), Subject: pkix.Name{CommonName: "imap.example.org", Organization: []string{"Example\x1b[31m"}, Country: []string{"AT"}},
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour), DNSNames: []string{"imap.example.org", "*.mail.example.org"}}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func keep(*x509.Certificate) {}

func newECDSA(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSA(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0,tlsrsakex=1,tls3des=1,tls10server=1")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Every version and suite that the standard library has: what it says it agreed on is
// what is read from the wire.
func TestVersionsAndSuites(t *testing.T) {
	ec, rs := certificate(t, newECDSA(t), keep), certificate(t, newRSA(t, 2048), keep)
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			client := &tls.Config{InsecureSkipVerify: true, MinVersion: v, MaxVersion: v, CipherSuites: []uint16{s.ID}, ServerName: "imap.example.org", NextProtos: []string{"imap"}}
			server := client.Clone()
			server.Certificates = []tls.Certificate{rs, ec}
			pieces, state := shake(t, client, server)
			if !state.HandshakeComplete { // not a pair that the library has
				continue
			}
			f := facts(t, pieces)
			if f == nil || uint16(f.Version) != state.Version || f.Suite != state.CipherSuite || f.SuiteName != s.Name && v != tls.VersionTLS13 || f.SuiteName != tls.CipherSuiteName(f.Suite) ||
				uint16(f.Offered) != v || f.SNI != "imap.example.org" || f.ALPN != "imap" || !f.Implicit || f.End != detectors.HandshakeEstablished || f.Resumed || f.Downgraded || f.Retried {
				t.Errorf("%s in %x: %+v", s.Name, v, f)
				continue
			}
			if (f.Leaf != nil) != (v < tls.VersionTLS13) || f.Group != 0 && f.Group != uint16(state.CurveID) || f.Leaf != nil && (f.Chain != 1 || f.Leaf.Serial != "0ABC" || f.Faults != detectors.CertSelfSigned) {
				t.Errorf("%s in %x: certificate %+v, group %d of %d, faults %d", s.Name, v, f.Leaf, f.Group, state.CurveID, f.Faults)
			}
			if v == tls.VersionTLS13 { // the library chooses among its suites
				break
			}
			if weak := s.Insecure && !strings.HasPrefix(s.Name, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256") && !strings.HasPrefix(s.Name, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"); weak != (f.Weakness != 0) {
				t.Errorf("%s: weakness %s", s.Name, f.Weakness)
			}
		}
	}
}

func TestRetry(t *testing.T) {
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "a.example", CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}
	server := &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}, CurvePreferences: []tls.CurveID{tls.CurveP384}}
	pieces, state := shake(t, client, server)
	f := facts(t, pieces)
	if !f.Retried || f.Version != detectors.TLS13 || f.Group != uint16(tls.CurveP384) || f.Suite != state.CipherSuite || f.End != detectors.HandshakeEstablished {
		t.Errorf("%+v", f)
	}
}

// A server that knows TLS 1.3 says so in its random when it goes lower.
func TestDowngrade(t *testing.T) {
	cert := certificate(t, newECDSA(t), keep)
	for _, c := range []struct {
		client, server uint16 // highest
		want           bool
	}{{tls.VersionTLS12, tls.VersionTLS13, false}, {tls.VersionTLS13, tls.VersionTLS12, false}, {tls.VersionTLS11, tls.VersionTLS13, false}} {
		client := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: c.client, ServerName: "x.example"}
		server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: c.server}
		pieces, _ := shake(t, client, server)
		if f := facts(t, pieces); f.Downgraded != c.want || f.Version != detectors.TLSVersion(min(c.client, c.server)) {
			t.Errorf("%+v: %+v", c, f)
		}
	}
	// Somebody took the better version out of the client's hello: the server's random tells.
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "x.example", MaxVersion: tls.VersionTLS12}
	pieces, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{cert}})
	client.MaxVersion = tls.VersionTLS13
	better, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{cert}})
	pieces[0] = better[0]
	if f := facts(t, pieces); !f.Downgraded || f.Offered != detectors.TLS13 || f.Version != detectors.TLS12 {
		t.Errorf("%+v", f)
	}
}

func TestResumption(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := &tls.Config{InsecureSkipVerify: true, ServerName: "x.example", MaxVersion: v, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		server := &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}}
		for i := range 2 {
			pieces, state := shake(t, client, server)
			f := facts(t, pieces)
			if f.Resumed != (i == 1) || f.Resumed != state.DidResume || f.End != detectors.HandshakeEstablished || f.Resumed && f.Leaf != nil {
				t.Errorf("%x, %d: %+v", v, i, f)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	cert := certificate(t, newECDSA(t), keep)
	for name, c := range map[string]struct {
		client, server *tls.Config
		alert          uint8
		byServer       bool
	}{
		"certificate refused":         {&tls.Config{ServerName: "x.example", MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{cert}}, 42, false},
		"certificate refused, hidden": {&tls.Config{ServerName: "x.example"}, &tls.Config{Certificates: []tls.Certificate{cert}}, 0, false},
		"no version in common": {&tls.Config{InsecureSkipVerify: true, ServerName: "x.example", MaxVersion: tls.VersionTLS12},
			&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}, 70, true},
	} {
		pieces, _ := shake(t, c.client, c.server)
		if f := facts(t, pieces); f.End != detectors.HandshakeFailed || f.Alert != c.alert || f.AlertBy != c.byServer {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A handshake that stops tells what came so far; one side alone tells its half.
func TestParts(t *testing.T) {
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "x.example", MaxVersion: tls.VersionTLS12}
	pieces, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}})
	if f := facts(t, pieces[:1]); f == nil || f.Version != 0 || f.SuiteName != "" || f.Offered != detectors.TLS12 || f.SNI != "x.example" || f.JA4 == "" || f.End != detectors.HandshakeCut {
		t.Errorf("the hello alone: %+v", f)
	}
	if f := facts(t, pieces[:2]); f.Version != detectors.TLS12 || f.Leaf == nil || f.End != detectors.HandshakeCut {
		t.Errorf("the hellos alone: %+v", f)
	}
	only := func(d reassembly.Dir) (out []piece) {
		for _, p := range pieces {
			if p.dir == d {
				out = append(out, p)
			}
		}
		return out
	}
	if f := facts(t, only(reassembly.ToClient)); f == nil || f.Version != detectors.TLS12 || f.Leaf == nil || f.JA4 != "" || f.Offered != 0 {
		t.Errorf("the server alone: %+v", f)
	}
	if f := facts(t, only(reassembly.ToServer)); f == nil || f.Version != 0 || f.SNI != "x.example" {
		t.Errorf("the client alone: %+v", f)
	}
	if f := facts(t, []piece{pieces[1], pieces[0]}); f == nil || f.Version != detectors.TLS12 || f.SNI != "x.example" {
		t.Errorf("in the other order: %+v", f)
	}
	// A hole: what came before it counts.
	f := follow(t, pieces)
	f.feed(reassembly.ToServer, pieces[0].p, 0)
	if f.stream.Gap(reassembly.ToClient, f2mark(), 100) {
		t.Error("followed behind a hole")
	}
	f.stream = nil
	if x := f.close(t); x == nil || x.SNI != "x.example" || x.End != detectors.HandshakeCut {
		t.Errorf("%+v", x)
	}
}

// One record in many, and many messages in one.
func TestRecordsAreCutAnywhere(t *testing.T) {
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "x.example", MaxVersion: tls.VersionTLS12}
	pieces, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}})
	want := facts(t, pieces)
	for _, size := range []int{1, 3, 100} {
		var cut []piece
		for _, p := range pieces {
			cut = append(cut, piece{p.dir, resize(p.p, size)})
		}
		got := facts(t, cut)
		if got.JA4 != want.JA4 || got.Suite != want.Suite || got.Leaf == nil || got.Leaf.SHA256 != want.Leaf.SHA256 || got.End != want.End {
			t.Errorf("records of %d: %+v", size, got)
		}
	}
}

// resize makes records of at most n bytes of those of handshakes.
func resize(p []byte, n int) (out []byte) {
	for len(p) >= 5 {
		size := int(p[3])<<8 | int(p[4])
		body := p[5 : 5+size]
		if p[0] != 22 || p[5] > 16 { // encrypted
			out = append(out, p[:5+size]...)
			body = nil
		}
		for len(body) > 0 {
			k := min(n, len(body))
			out = append(append(out, p[0], p[1], p[2], byte(k>>8), byte(k)), body[:k]...)
			body = body[k:]
		}
		p = p[5+size:]
	}
	return out
}

// A client that trickles, or claims what it never sends, costs what it sent.
func TestBounds(t *testing.T) {
	huge := []byte("\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03")
	if f := facts(t, []piece{{reassembly.ToServer, append(huge, make([]byte, 16380)...)}}); f != nil {
		t.Errorf("%+v", f)
	}
	f := follow(t, []piece{{reassembly.ToServer, huge}})
	f.feed(reassembly.ToServer, []byte("\x16\x03\x01\x40\x00\x01\x00\xff\xf0\x03\x03"), 0)
	if h := f.engine.Held(); h.Buffered > 300 {
		t.Errorf("%+v for a few bytes", h)
	}
	f.close(t)
	// Application data without end from a side that is heard alone.
	hello, _ := shake(t, &tls.Config{InsecureSkipVerify: true, ServerName: "x.example"}, &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}})
	f = follow(t, hello[:1])
	f.feed(reassembly.ToServer, hello[0].p, 0)
	record := append([]byte("\x17\x03\x03\x40\x00"), make([]byte, 1<<14)...)
	n := 0
	for ; f.stream != nil && n < 100; n++ {
		f.feed(reassembly.ToServer, record, 0)
	}
	if n > 4 {
		t.Errorf("%d records were read", n)
	}
	f.close(t)
}

// After the handshake the flow costs nothing more.
func TestBypass(t *testing.T) {
	pieces, _ := shake(t, &tls.Config{InsecureSkipVerify: true, ServerName: "x.example"}, &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}})
	f := follow(t, pieces)
	for _, p := range pieces[:len(pieces)-2] {
		f.feed(p.dir, p.p, 0)
	}
	if f.stream != nil {
		t.Error("followed behind the handshake")
	}
	var kinds []string
	for i := range f.got {
		kinds = append(kinds, f.got[i].Kind.String())
	}
	if got := strings.Join(kinds, " "); got != "upgraded handshake ended" {
		t.Error(got)
	}
	if !bytes.Contains([]byte(kinds[0]), []byte("upgraded")) || !f.got[2].Summary.TLS || f.got[0].Protocol != "imap" {
		t.Errorf("%+v", f.got)
	}
}
