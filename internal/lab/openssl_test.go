//go:build linux

package lab_test

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/lab"
	"cleartap/reassembly"
)

// openLab gives a lab of the test's own; nil means that none can be had here, which
// TestMain has told.
func openLab(t *testing.T) *lab.Lab {
	t.Helper()
	if _, ok := lab.Available(); !ok {
		return nil
	}
	l, err := lab.Open(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// heard runs frames through the whole line: what was observed, and under which rules.
func heard(frames []lab.Frame) (seen []detectors.Observation, rules map[string][]string) {
	rules = map[string][]string{}
	engine := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) {
		seen = append(seen, *o)
		detectors.JudgeAll(o, func(f *detectors.Finding) {
			key := o.Flow.Client.String()
			rules[key] = append(rules[key], f.Rule.ID+" "+f.Severity.String())
		})
	}})
	assembler := reassembly.New(reassembly.Config{Classify: engine.Classify, Open: engine.Open})
	fromFrames(frames)(assembler.Push)
	assembler.Flush()
	engine.Close()
	return seen, rules
}

// rsaCertificate writes a certificate with a key of so many bits, valid until a moment.
func rsaCertificate(t *testing.T, l *lab.Lab, name string, bits int, until time.Time) {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "old.example.org"}, NotBefore: until.Add(-time.Hour), NotAfter: until, DNSNames: []string{"old.example.org"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if err := l.Write(name, text); err != nil {
		t.Fatal(err)
	}
}

// pairing is a version and a suite that OpenSSL can speak.
type pairing struct{ flag, version, name, standard string }

// pairings asks the lab's OpenSSL what it can do, authentication by PSK and SRP aside.
func pairings(t *testing.T, l *lab.Lab) (out []pairing) {
	t.Helper()
	for _, v := range []struct{ flag, version string }{{"-tls1", "TLS 1.0"}, {"-tls1_1", "TLS 1.1"}, {"-tls1_2", "TLS 1.2"}, {"-tls1_3", "TLS 1.3"}} {
		text, err := l.Server.Run(l.Server.Command("/usr/bin/openssl", "ciphers", "-s", v.flag, "-stdname", "ALL:COMPLEMENTOFALL:!PSK:!SRP:@SECLEVEL=0"), 10*time.Second)
		if err != nil {
			t.Fatal(err, text)
		}
		for in := bufio.NewScanner(strings.NewReader(text)); in.Scan(); {
			f := strings.Fields(in.Text()) // STANDARD - NAME VERSION ...
			if len(f) > 3 && f[1] == "-" && (v.flag == "-tls1_3") == strings.HasPrefix(f[0], "TLS_AES_") || len(f) > 3 && v.flag == "-tls1_3" && strings.HasPrefix(f[0], "TLS_CHACHA20_") {
				out = append(out, pairing{v.flag, v.version, f[2], f[0]})
			}
		}
	}
	return out
}

// weak says under which rules a suite is reported, by its standard name.
func weak(p pairing) (rules []string) {
	if p.version == "TLS 1.0" || p.version == "TLS 1.1" {
		rules = append(rules, "CT-TLS-007 medium")
	}
	switch n := p.standard; {
	case strings.Contains(n, "_NULL_"), strings.Contains(n, "_anon_"):
		rules = append(rules, "CT-TLS-008 high")
	case strings.Contains(n, "_RC4_"), strings.Contains(n, "_3DES_"), strings.Contains(n, "_DES_"):
		rules = append(rules, "CT-TLS-008 medium")
	}
	return rules
}

// Each version and suite that Debian's OpenSSL speaks, at security level 0, between its
// own client and server: what the client says was agreed on is read from the wire, and
// reported under the rules that it calls for, in their order.
func TestRealOpenSSL(t *testing.T) {
	l := openLab(t)
	if l == nil {
		return
	}
	rsaCertificate(t, l, "/lab/rsa.pem", 1024, time.Now().Add(-time.Minute)) // weak, expired
	at := netip.AddrPortFrom(lab.IPv4(lab.EximNode), 993)
	cmd := l.Server.Command("/usr/bin/openssl", "s_server", "-accept", at.String(), "-rev", "-alpn", "imap", "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
		"-cert", lab.CertFile, "-key", lab.KeyFile, "-dcert", "/lab/rsa.pem", "-dkey", "/lab/rsa.pem", "-no_ticket", "-min_protocol", "TLSv1",
		"-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256")
	server, err := l.Server.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Await(lab.EximNode, server, "/lab/none", 993); err != nil {
		t.Fatal(err)
	}
	tape := l.Wire.Record()
	list := pairings(t, l)
	agreed := map[string]pairing{} // by client
	for i, p := range list {
		client := netip.AddrPortFrom(lab.IPv4(lab.ClientNode), uint16(20000+i))
		args := []string{"s_client", "-connect", at.String(), "-bind", client.String(), p.flag, "-servername", "old.example.org", "-alpn", "imap", "-cipher", p.name + ":@SECLEVEL=0"}
		if p.flag == "-tls1_3" {
			args = append(args[:len(args)-2], "-ciphersuites", p.name)
		}
		out, _ := l.Client.Run(l.Client.Command("/usr/bin/openssl", args...), 20*time.Second)
		if !strings.Contains(out, "Cipher is "+p.name) { // a suite without a certificate for it
			if !strings.Contains(p.standard, "_DSS_") && !strings.Contains(p.standard, "_ECDH_") && !strings.Contains(p.standard, "_DH_RSA_") {
				t.Errorf("%s %s: OpenSSL does not agree with itself", p.version, p.standard)
			}
			continue
		}
		agreed[client.String()] = p
	}
	if err := tape.Settle(30 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	seen, rules := heard(tape.Stop())
	versions := map[string]int{}
	for i := range seen {
		o := &seen[i]
		p, ok := agreed[o.Flow.Client.String()]
		if o.Kind != detectors.Handshake || !ok {
			continue
		}
		versions[p.version]++
		f := o.TLS
		if f.Version.String() != p.version || f.SuiteName != p.standard || f.SNI != "old.example.org" || f.ALPN != "imap" || !f.Implicit || f.End != detectors.HandshakeEstablished || len(f.JA4) != 36 {
			t.Errorf("%s %s: read %+v", p.version, p.standard, f)
		}
		want := weak(p)
		if byRSA := !strings.Contains(p.standard, "_anon_") && !strings.Contains(p.standard, "_ECDSA_") && p.version != "TLS 1.3"; byRSA {
			if want = append(want, "CT-TLS-009 medium"); f.Faults&(detectors.CertExpired|detectors.CertWeakKey|detectors.CertSelfSigned) != detectors.CertExpired|detectors.CertWeakKey|detectors.CertSelfSigned {
				t.Errorf("%s: certificate %q", p.standard, f.Faults.Words())
			}
		} else if strings.Contains(p.standard, "_ECDSA_") && p.version != "TLS 1.3" {
			want = append(want, "CT-TLS-009 low") // signed by itself
		}
		if got := rules[o.Flow.Client.String()]; !slices.Equal(got, want) {
			t.Errorf("%s %s: reported %q, want %q", p.version, p.standard, got, want)
		}
		delete(agreed, o.Flow.Client.String())
	}
	for client, p := range agreed {
		t.Errorf("%s %s of %s: nothing was observed", p.version, p.standard, client)
	}
	t.Logf("%d pairs of a version and a suite: %v", len(list), fmt.Sprint(versions))
	if versions["TLS 1.0"] < 10 || versions["TLS 1.1"] < 10 || versions["TLS 1.2"] < 40 || versions["TLS 1.3"] < 3 {
		t.Errorf("too few: %v", versions)
	}
	if err := l.Wire.Err(); err != nil {
		t.Error(err)
	}
}
