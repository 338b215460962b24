package all_test

import (
	"net/netip"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/fuzzing"
	"cleartap/reassembly"
)

const (
	wait  = reassembly.Wait
	drop  = reassembly.Drop
	open  = reassembly.Open
	swap  = reassembly.Swap
	hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
)

// flows are first bytes, and what is to become of the flow: on its way, and when nothing more comes.
var flows = []struct {
	name, client, server string
	port                 uint16
	unsure               bool
	now, final           reassembly.Verdict
}{
	{name: "nothing", port: 110, now: wait, final: drop},
	{name: "TLS", client: hello, port: 993, now: wait, final: open},
	{name: "TLS on a clear port", client: hello, port: 110, now: wait, final: open},
	{name: "TLS that the server answers", client: hello, server: "\x16\x03\x03\x00\x7a\x02", port: 110, now: open, final: open},
	{name: "TLS of the server", server: "\x16\x03\x03\x00\x7a\x02", port: 993, now: open, final: open},
	{name: "TLS at no port of mail", client: hello, port: 443, now: drop, final: drop},
	{name: "TLS, sides swapped", server: hello, client: "\x16\x03\x03\x00\x7a\x02", port: 40001, unsure: true, now: swap, final: swap},
	{name: "TLS, sides surely so", server: hello, port: 993, now: drop, final: drop},
	{name: "TLS begun in the middle", client: "\x17\x03\x03\x00\x7a\x02", port: 993, unsure: true, now: drop, final: drop},
	{name: "a TLS record's first byte", client: "\x16", port: 443, now: wait, final: drop},
	{name: "SSLv2", client: "\x80\x1c\x01\x03\x00\x00\x03\x00\x00\x00\x10", port: 443, now: drop, final: drop},
	{name: "HTTP", client: "GET / HTTP/1.1\r\n", port: 80, now: drop, final: drop},
	{name: "HTTP on a mail port", client: "POST /x HTTP/1.1\r\n", port: 110, now: drop, final: drop},
	{name: "SSH", server: "SSH-2.0-OpenSSH_9.2\r\n", port: 22, now: drop, final: drop},
	{name: "SSH on a mail port", server: "SSH-2.0-OpenSSH_9.2\r\n", port: 143, now: drop, final: drop},
	{name: "binary", client: "\x00\x00\x00\x85\xffSMB", port: 445, now: drop, final: drop},
	{name: "DNS over TCP", client: "\x00\x1d\x12\x34", port: 53, now: drop, final: drop},
	{name: "MySQL", server: "J\x00\x00\x00\x0a8.0.36\x00", port: 3306, now: drop, final: drop},
	{name: "VNC", server: "RFB 003.008\n", port: 5900, now: drop, final: drop},
	{name: "Redis", client: "*1\r\n$4\r\nPING\r\n", server: "+PONG\r\n", port: 6379, now: drop, final: drop},
	{name: "Redis that says OK", client: "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", server: "+OK\r\n", port: 6379, now: drop, final: drop},
	{name: "IRC", client: "NICK a\r\nUSER a 0 * :a\r\n", server: ":irc NOTICE * :hi\r\n", port: 6667, now: drop, final: drop},
	{name: "FTP", client: "USER a\r\n", server: "220 FTP ready\r\n", port: 21, now: drop, final: drop},
	{name: "FTP on POP3's port", client: "USER a\r\n", server: "220 ready\r\n", port: 110, now: wait, final: drop},
	{name: "FTP that answered", client: "USER a\r\n", server: "220 ready\r\n331 ok\r\n", port: 25, now: drop, final: drop},
	{name: "SMTP after an unknown command", client: "USER a\r\nHELO x\r\n", server: "220 ready\r\n500 no\r\n", port: 25, now: open, final: open},
	{name: "SMTP that says so", client: "GET / HTTP/1.1\r\n", server: "220 mx ESMTP\r\n", port: 25, now: open, final: open},
	{name: "FTP's client alone", client: "USER a\r\nPASS b\r\n", port: 21, now: wait, final: drop},
	{name: "XMPP", client: "<?xml version='1.0'?><stream:stream", port: 5222, now: wait, final: drop},
	{name: "POP3", server: "+OK Dovecot ready.\r\n", port: 110, now: open, final: open},
	{name: "POP3 off its port", server: "+OK Dovecot ready.\r\n", port: 31337, now: open, final: open},
	{name: "POP3's client alone", client: "USER a\r\nPASS b\r\n", port: 110, now: wait, final: open},
	{name: "IMAP", server: "* OK ready\r\n", port: 31337, now: open, final: open},
	{name: "IMAP's client alone", client: "a1 LOGIN x y\r\n", port: 31337, now: wait, final: open},
	{name: "SMTP", client: "EHLO x\r\n", server: "220 mx\r\n", port: 31337, now: open, final: open},
	{name: "SMTP's client alone", client: "EHLO x\r\n", port: 31337, now: wait, final: open},
	{name: "SMTP, or FTP", server: "220 mx\r\n", port: 25, now: wait, final: open},
	{name: "ManageSieve", server: "\"IMPLEMENTATION\" \"x\"\r\n", port: 31337, now: open, final: open},
	{name: "NNTP", client: "AUTHINFO USER x\r\n", server: "200 news\r\n", port: 31337, now: open, final: open},
	{name: "sides swapped", client: "+OK Dovecot ready.\r\n", server: "USER x\r\n", port: 40001, unsure: true, now: swap, final: swap},
	{name: "sides swapped, one of them seen", client: "+OK Dovecot ready.\r\n", port: 40001, unsure: true, now: wait, final: swap},
	{name: "PROXY", client: "PROXY TCP4 ", port: 110, now: open, final: open},
	{name: "PROXY, cut", client: "PRO", port: 110, now: wait, final: open},
	{name: "PROXY, binary", client: "\r\n\r\n\x00\r\nQUIT\n\x21", port: 110, now: open, final: open},
	{name: "SOCKS 5", client: "\x05\x01\x00", port: 1080, now: open, final: open},
	{name: "SOCKS 4", client: "\x04\x01\x00\x6e\x01\x02\x03\x04\x00", port: 1080, now: open, final: open},
	{name: "CONNECT", client: "CONNECT x:110 HTTP/1.1\r\n", port: 8080, now: open, final: open},
	{name: "DCE/RPC", client: "\x05\x00\x0b\x03", port: 135, now: drop, final: drop},
}

func probe(i int, final bool) *reassembly.Probe {
	f := &flows[i]
	return &reassembly.Probe{ToServer: []byte(f.client), ToClient: []byte(f.server), ServerPort: f.port, ClientPort: 110, Sure: !f.unsure, Final: final}
}

func TestClassify(t *testing.T) {
	e := detectors.NewEngine(detectors.Config{Protocols: all.Protocols()})
	for i, f := range flows {
		if got := e.Classify(probe(i, false)); got != f.now {
			t.Errorf("%s: verdict %d, want %d", f.name, got, f.now)
		}
		if got := e.Classify(probe(i, true)); got != f.final {
			t.Errorf("%s, final: verdict %d, want %d", f.name, got, f.final)
		}
	}
	if n := testing.AllocsPerRun(10, func() {
		for i := range flows {
			e.Classify(&reassembly.Probe{ToServer: nil, ServerPort: flows[i].port})
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// No flow costs an allocation to be classified.
func TestClassifyAllocates(t *testing.T) {
	e := detectors.NewEngine(detectors.Config{Protocols: all.Protocols()})
	for i, f := range flows {
		p := probe(i, true)
		if n := testing.AllocsPerRun(10, func() { e.Classify(p) }); n != 0 {
			t.Errorf("%s: %v allocations", f.name, n)
		}
	}
}

// Whatever a flow begins with: an answer is final when it must be, and a flow
// that is taken is followed.
func FuzzClassify(f *testing.F) {
	for i := range flows {
		f.Add([]byte(flows[i].client), []byte(flows[i].server), flows[i].port, !flows[i].unsure)
	}
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, client, server []byte, port uint16, sure bool) {
		e := detectors.NewEngine(detectors.Config{Protocols: all.Protocols()})
		client, server = client[:min(len(client), 64)], server[:min(len(server), 64)]
		for _, final := range []bool{false, true} {
			p := &reassembly.Probe{ToServer: client, ToClient: server, ServerPort: port, ClientPort: 110, Sure: sure, Final: final}
			v := e.Classify(p)
			switch {
			case v == reassembly.Wait && final:
				t.Fatal("Wait, though nothing more comes")
			case v == reassembly.Swap && sure:
				t.Fatal("Swap, though the sides are sure")
			case v == reassembly.Swap:
				p.ToServer, p.ToClient, p.ServerPort, p.ClientPort = p.ToClient, p.ToServer, p.ClientPort, p.ServerPort
			case v != reassembly.Open:
				continue
			}
			flow := &reassembly.Flow{Client: netip.MustParseAddrPort("10.0.0.1:1"), Server: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), p.ServerPort)}
			before := e.Stats().Conversations
			stream := e.Open(flow, p)
			if e.Stats().Conversations != before+1 {
				t.Fatal("the flow was taken, and is not followed")
			}
			more := true
			for d, b := range [2][]byte{p.ToServer, p.ToClient} {
				more = more && stream.Data(reassembly.Dir(d), capture.Mark{}, b)
			}
			if more {
				stream.Close()
			}
			if e.Held() != (detectors.Held{}) {
				t.Fatalf("held in the end: %+v", e.Held())
			}
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	for i, f := range flows {
		b.Run(strings.ReplaceAll(f.name, "/", ""), func(b *testing.B) {
			e := detectors.NewEngine(detectors.Config{Protocols: all.Protocols()})
			p := probe(i, false)
			b.ReportAllocs()
			for b.Loop() {
				e.Classify(p)
			}
		})
	}
}
