package inventory

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
)

// A server takes no more than the live sensor reckons with, certificate and counts of
// many clients and accounts included.
func TestMemoryOfAServer(t *testing.T) {
	const n, most = 500, 5 << 10
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	v := New(Config{})
	for i := range n {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 0x0a000000+uint32(i))
		o := detectors.Observation{Protocol: "imap", Sides: 2, Mark: capture.Mark{Time: 1}}
		o.Flow.Server = netip.AddrPortFrom(netip.AddrFrom4(a), 143)
		say := func(kind detectors.Kind) {
			o.Kind = kind
			v.Observe(&o)
		}
		text := func(n int) string { return strings.Repeat(string(rune('a'+i%26)), n) }
		o.Server = &detectors.Server{Source: detectors.FromGreeting, Product: "Dovecot", Version: text(20), Host: text(60), Text: text(128)}
		say(detectors.Greeting)
		o.TLS = &detectors.TLS{Version: detectors.TLS12, SuiteName: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", SNI: text(60), Leaf: &detectors.Certificate{
			Subject: detectors.Name{CommonName: text(40), Organization: text(40)}, Issuer: detectors.Name{CommonName: text(40), Organization: text(40)},
			MD5: text(47), SHA1: text(59), SHA256: text(95), SHA512: text(191), Serial: text(32)}}
		say(detectors.Handshake)
		o.Attempt.Secret, o.Summary = secret.Of(nil), &detectors.Summary{}
		for k := range 300 {
			binary.BigEndian.PutUint32(a[:], uint32(k))
			o.Flow.Client, o.Attempt.Identity = netip.AddrPortFrom(netip.AddrFrom4(a), 1), string(a[:])
			say(detectors.Login)
			say(detectors.Ended)
		}
	}
	each := (heap() - before) / n
	t.Logf("%d bytes for a server", each)
	if each > most {
		t.Errorf("a server takes %d bytes", each)
	}
	runtime.KeepAlive(v)
}
