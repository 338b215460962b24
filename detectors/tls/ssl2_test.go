package tls_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"testing"
	"time"

	"cleartap/detectors"
	"cleartap/reassembly"
)

// v2 frames a message of SSL 2.0.
func v2(body ...byte) []byte {
	return append([]byte{0x80 | byte(len(body)>>8), byte(len(body))}, body...)
}

// v2Hello is a CLIENT-HELLO in its format.
func v2Hello(version uint16, suites ...byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{1}, version)
	b = binary.BigEndian.AppendUint16(b, uint16(len(suites)))
	b = append(b, 0, 0, 0, 16)
	b = append(b, suites...)
	return v2(append(b, make([]byte, 16)...)...)
}

func v2Server(der []byte, suites ...byte) []byte {
	b := []byte{4, 0, 1, 0, 2, byte(len(der) >> 8), byte(len(der)), 0, byte(len(suites)), 0, 16}
	return v2(append(append(append(b, der...), suites...), make([]byte, 16)...)...)
}

func TestSSL2(t *testing.T) {
	cert := certificate(t, newRSA(t, 1024), keep)
	pieces := []piece{
		{reassembly.ToServer, v2Hello(2, 1, 0, 0x80, 7, 0, 0xc0)},
		{reassembly.ToClient, v2Server(cert.Certificate[0], 7, 0, 0xc0, 1, 0, 0x80)},
		{reassembly.ToServer, v2(append([]byte{2, 2, 0, 0x80}, make([]byte, 100)...)...)},
	}
	f := facts(t, pieces)
	if f == nil || f.Version != detectors.SSL2 || f.SSL2Suite != 0x020080 || f.SuiteName != "SSL_CK_RC4_128_EXPORT40_WITH_MD5" || f.Weakness&detectors.SuiteExport == 0 ||
		f.End != detectors.HandshakeEstablished || f.Leaf == nil || f.Leaf.KeyBits != 1024 || f.Faults != detectors.CertSelfSigned|detectors.CertWeakKey {
		t.Errorf("%+v", f)
	}
	// Without the client's choice, the first that both have.
	if f = facts(t, pieces[:2]); f.SuiteName != "SSL_CK_DES_192_EDE3_CBC_WITH_MD5" || f.End != detectors.HandshakeCut {
		t.Errorf("%+v", f)
	}
	if f = facts(t, append(pieces[:1:1], piece{reassembly.ToClient, v2(0, 0, 1)})); f.End != detectors.HandshakeFailed || !f.AlertBy || f.Version != 0 {
		t.Errorf("%+v", f)
	}
}

// A hello in the old format may offer what is new; the answer comes in records.
func TestOldHelloOffersTLS(t *testing.T) {
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "x.example", MaxVersion: tls.VersionTLS12}
	pieces, _ := shake(t, client, &tls.Config{Certificates: []tls.Certificate{certificate(t, newECDSA(t), keep)}})
	pieces[0].p = v2Hello(0x0301, 0, 0, 5)
	f := facts(t, pieces)
	if f == nil || f.Offered != detectors.TLS10 || f.Version != detectors.TLS12 || f.Leaf == nil || f.End != detectors.HandshakeEstablished {
		t.Errorf("%+v", f)
	}
}

// A message of SSL 2.0 that is empty, alone, again and again, or cut after its first
// byte, ends: nothing is read twice over.
func TestEmptyMessageOfSSL2Ends(t *testing.T) {
	for name, p := range map[string][]byte{
		"alone": {0x80, 0}, "twice": {0x80, 0, 0x80, 0}, "with text behind it": append([]byte{0x80, 0}, "USER x\r\n"...), "many": bytes.Repeat([]byte{0x80, 0}, 1000),
		"padded and empty": {0, 0, 0}, "cut": {0x80},
	} {
		hello := piece{reassembly.ToServer, v2Hello(2, 1, 0, 0x80)}
		for where, pieces := range map[string][]piece{
			"at the beginning": {{reassembly.ToServer, p}}, "behind a hello": {hello, {reassembly.ToServer, p}}, "as its answer": {hello, {reassembly.ToClient, p}},
			"in halves": {hello, {reassembly.ToClient, p[:1]}, {reassembly.ToClient, p[1:]}},
		} {
			done := make(chan *detectors.TLS, 1)
			go func() { done <- facts(t, pieces) }()
			select {
			case f := <-done:
				if f != nil && f.End == detectors.HandshakeEstablished {
					t.Errorf("%s %s: %+v", name, where, f)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s %s: it goes on for ever", name, where)
			}
		}
	}
}
