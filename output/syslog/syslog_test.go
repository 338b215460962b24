package syslog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sl "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
	"cleartap/output/syslog/testdaemon"
	"cleartap/output/transport"
)

func open(t *testing.T, c Config) *Sink {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// send sends records and demands that all are done.
func send(t *testing.T, s *Sink, r []output.Record) {
	t.Helper()
	v, err := s.Send(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r {
		if v[i].Outcome != output.Done {
			t.Fatalf("record %d: %+v", i, v[i])
		}
	}
}

// once demands that each id came, and tells how many came more than once.
var idPair = regexp.MustCompile(`event_id="([^"]*)"`)

func once(t *testing.T, got []string, want []output.Record) (twice int) {
	t.Helper()
	seen := map[string]int{}
	for _, m := range got {
		seen[idPair.FindStringSubmatch(m)[1]]++
	}
	for _, r := range want {
		switch n := seen[r.ID]; {
		case n == 0:
			t.Fatalf("%s is lost", r.ID)
		case n > 1:
			twice++
		}
	}
	return twice
}

func TestStreams(t *testing.T) {
	a := testdaemon.NewAuthority(t)
	pair, print := a.Server(t, nil)
	cert, key := a.Client(t)
	mutual := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool(t), MinVersion: tls.VersionTLS12}
	old := mutual.Clone()
	old.MaxVersion = tls.VersionTLS12
	for name, c := range map[string]struct {
		server *tls.Config
		client Config
	}{
		"octets":      {nil, Config{Transport: TCP}},
		"lines":       {nil, Config{Transport: TCP, Framing: Lines}},
		"tls":         {&tls.Config{Certificates: []tls.Certificate{pair}}, Config{Transport: TLS, TLS: transport.TLS{CA: a.CA}}},
		"tls, lines":  {&tls.Config{Certificates: []tls.Certificate{pair}}, Config{Transport: TLS, Framing: Lines, TLS: transport.TLS{CA: a.CA}}},
		"mutual":      {mutual, Config{Transport: TLS, TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key, ServerName: "receiver.example.org"}}},
		"mutual 1.2":  {old, Config{Transport: TLS, TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}}},
		"fingerprint": {mutual, Config{Transport: TLS, TLS: transport.TLS{Fingerprints: []string{strings.Repeat("00", 32), "SHA-256:" + strings.ToUpper(print)}, Certificate: cert, Key: key, ServerName: "another"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := listen(t, "tcp", "127.0.0.1:0", c.server, c.client.Framing)
			c.client.Address = r.addr
			s := open(t, c.client)
			all := records("A", 300)
			send(t, s, all[:1])
			send(t, s, all[1:])
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			got := r.wait(t, len(all))
			if twice := once(t, got, all); twice != 0 || len(got) != len(all) || r.fault != nil {
				t.Errorf("%d came, %d of them again, %v", len(got), twice, r.fault)
			}
		})
	}
}

func TestDatagrams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for network, c := range map[string]Config{"udp": {Transport: UDP}, "unixgram": {Transport: Unix, Address: path}} {
		addr := map[string]string{"udp": "127.0.0.1:0", "unixgram": path}[network]
		l, err := net.ListenPacket(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if network == "udp" {
			c.Address = l.LocalAddr().String()
		}
		s := open(t, c)
		all := records("D", 100)
		var got []string
		done := make(chan bool)
		go func() {
			defer close(done)
			buf := make([]byte, 65536)
			for len(got) < len(all) {
				_ = l.SetReadDeadline(time.Now().Add(5 * time.Second))
				n, _, err := l.ReadFrom(buf)
				if err != nil {
					return
				}
				got = append(got, string(buf[:n]))
			}
		}()
		send(t, s, all)
		<-done
		if twice := once(t, got, all); twice != 0 || len(got) != len(all) {
			t.Errorf("%s: %d came, %d of them again", network, len(got), twice)
		}
	}
}

func TestStreamSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	r := listen(t, "unix", path, nil, Lines)
	s := open(t, Config{Transport: Unix, Address: path, Protocol: Local})
	all := records("U", 50)
	send(t, s, all)
	got := r.wait(t, len(all))
	once(t, got, all)
	if want := regexp.MustCompile(`^<170>[A-Z][a-z]{2} [ 0-9][0-9] \d\d:\d\d:\d\d cleartap\[\d+\]: IMAP LOGIN of `); !want.MatchString(got[0]) {
		t.Errorf("local message %q", got[0])
	}
}

// A receiver that goes away in the middle gets again what it may not have stored.
func TestBrokenConnectionsLoseNothing(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil, Octets)
	r.lazy = 130
	s := open(t, Config{Transport: TCP, Address: r.addr})
	all := records("B", 900)
	for rest := all; len(rest) > 0; {
		n := min(len(rest), 90)
		v, err := s.Send(t.Context(), rest[:n])
		if err == nil && v[n-1].Outcome == output.Done {
			rest = rest[n:]
		}
		if r.mu.Lock(); len(r.got) > 600 {
			r.lazy = 0
		}
		r.mu.Unlock()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if twice := once(t, r.wait(t, len(all)), all); twice == 0 || s.Resent() == 0 {
		t.Errorf("%d came twice, %d were sent again: connections did not break", twice, s.Resent())
	}
}

// What is in doubt goes out again without another record.
func TestDoubtIsResolvedWithoutMoreRecords(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil, Octets)
	s := open(t, Config{Transport: TCP, Address: r.addr})
	all := records("R", 10)
	send(t, s, all)
	r.wait(t, 10)
	r.stop()
	again := listen(t, "tcp", r.addr, nil, Octets)
	once(t, again.wait(t, 10), all)
}

func TestFaultsNameCauseAndCure(t *testing.T) {
	a, other := testdaemon.NewAuthority(t), testdaemon.NewAuthority(t)
	good, _ := a.Server(t, nil)
	expired, _ := a.Server(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	wrong, _ := a.Server(t, &x509.Certificate{DNSNames: []string{"elsewhere.example.org"}})
	cert, key := other.Client(t)
	serve := func(c *tls.Config) string { return listen(t, "tcp", "127.0.0.1:0", c, Octets).addr }
	with := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	mutual := with(good)
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed := listen(t, "tcp", "127.0.0.1:0", nil, Octets)
	cases := map[string]struct {
		config Config
		hold   bool
	}{
		"nobody listens at":                      {Config{Transport: TCP, Address: closed.addr}, false},
		"nobody listens":                         {Config{Transport: UDP, Address: closed.addr}, false},
		"no such host":                           {Config{Transport: TCP, Address: "nowhere.invalid:514"}, false},
		"no such socket":                         {Config{Transport: Unix, Address: t.TempDir() + "/none"}, false},
		"authority that is not trusted":          {Config{Transport: TLS, Address: serve(with(good)), TLS: transport.TLS{CA: other.CA}}, true},
		"has expired":                            {Config{Transport: TLS, Address: serve(with(expired)), TLS: transport.TLS{CA: a.CA}}, true},
		"is for another name":                    {Config{Transport: TLS, Address: serve(with(wrong)), TLS: transport.TLS{CA: a.CA}}, true},
		"has another fingerprint":                {Config{Transport: TLS, Address: serve(with(good)), TLS: transport.TLS{Fingerprints: []string{strings.Repeat("ab", 32)}}}, true},
		"refuses the connection by a TLS alert":  {Config{Transport: TLS, Address: serve(mutual), TLS: transport.TLS{CA: a.CA}}, true},
		"refuses the connection by a TLS alert ": {Config{Transport: TLS, Address: serve(mutual), TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}}, true},
		"does not answer in time":                {Config{Transport: TLS, Address: silent.Addr().String(), TLS: transport.TLS{CA: a.CA}, Timeout: 200 * time.Millisecond}, false},
		"tls.ca /none":                           {Config{Transport: TLS, Address: serve(with(good)), TLS: transport.TLS{CA: "/none"}}, true},
		"tls.ca":                                 {Config{Transport: TLS, Address: serve(with(good)), TLS: transport.TLS{CA: key}}, true},
		"tls.certificate":                        {Config{Transport: TLS, Address: serve(with(good)), TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: a.CA}}, true},
	}
	closed.stop() // not before: one that serves might be given its port
	for cause, c := range cases {
		s := open(t, c.config)
		v, err := s.Send(t.Context(), records("F", 2))
		var f *output.Fault
		if !errors.As(err, &f) || !strings.Contains(f.Cause+" ", strings.TrimSpace(cause)) || f.Hold != c.hold || f.Hold && f.Cure == "" {
			t.Errorf("%s: got %+v", cause, f)
			continue
		}
		if v[1].Outcome == output.Done || (v[1].Outcome == output.Hold) != c.hold {
			t.Errorf("%s: verdict %v", cause, v[1])
		}
	}
}

// Every message that can be made is read by somebody else's parser, and gives back
// what went in; none is longer than it may be.
func TestMessagesAreReadByAnotherParser(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	alerts := []output.Alert{formattest.Sample(), formattest.Full()}
	for range 5 {
		alerts = append(alerts, formattest.Hostile(r))
	}
	for _, protocol := range []Protocol{RFC5424, RFC3164, Local} {
		for _, f := range []format.Format{format.Native, format.JSON, format.EVE, format.CEF, format.LEEF1, format.LEEF2} {
			c := Config{Transport: Unix, Address: "/dev/log", Protocol: protocol, Format: f, CEE: f == format.JSON}
			s := open(t, c)
			for i := range alerts {
				for _, size := range []int{MinSize, 1400, 8192} {
					s.cfg.MaxSize = size
					rec := output.NewRecord(&alerts[i])
					m, v := s.encoder.message(&rec)
					if v.Outcome == output.Dead || len(m) > size {
						t.Fatalf("%s: alert %d: %v, %d bytes of %d", f, i, v, len(m), size)
					}
					readBack(t, protocol, f, string(m), &alerts[i])
				}
			}
		}
	}
}

func readBack(t *testing.T, p Protocol, f format.Format, m string, a *output.Alert) {
	t.Helper()
	if strings.ContainsAny(m, "\n\r\x00\x1b") {
		t.Fatalf("a control character in %q", m)
	}
	if !strings.HasPrefix(m, "<170>") {
		t.Fatalf("priority of %q", m)
	}
	var got sl.Message
	var err error
	switch p {
	case RFC5424:
		got, err = rfc5424.NewParser().Parse([]byte(m))
	case RFC3164:
		got, err = rfc3164.NewParser(rfc3164.WithYear(rfc3164.Year{YYYY: 2026})).Parse([]byte(m))
	default:
		return
	}
	if err != nil || got == nil || !got.Valid() {
		t.Fatalf("%v: %q", err, m)
	}
	if p == RFC5424 {
		b := got.(*rfc5424.SyslogMessage)
		if *b.MsgID != a.Rule.ID || *b.Appname != "cleartap" || b.Timestamp.UnixMicro() != time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC).UnixMicro() {
			t.Fatalf("header of %q", m)
		}
		if f == format.Native {
			if id := (*b.StructuredData)["cleartap@32473"]["event_id"]; id != a.Event.ID {
				t.Fatalf("id %q of %q", id, m)
			}
		}
		if f == format.JSON && (b.Message == nil || !strings.HasPrefix(*b.Message, "@cee: {") || !strings.HasSuffix(*b.Message, "}")) {
			t.Fatalf("message of %q", m)
		}
	}
}

func TestPriorities(t *testing.T) {
	for name, want := range map[string]int{"kern": 0, "auth": 4, "authpriv": 10, "local0": 16, "local7": 23} {
		f, err := ParseFacility(name)
		if err != nil || f.number() != want || f.String() != name {
			t.Errorf("%s is %d, %v", name, f.number(), err)
		}
	}
	if Facility(0).String() != "local5" {
		t.Error("the default facility")
	}
	alert, _ := ParseSeverity("alert")
	debug, _ := ParseSeverity("debug")
	m := Severities{Critical: alert, Info: debug}
	for n, want := range map[int]int{99: 1, 73: 3, 47: 4, 21: 5, 0: 7} {
		if got := m.of(&output.Alert{Event: output.Event{Severity: n}}); got != want {
			t.Errorf("severity %d is %d, not %d", n, got, want)
		}
	}
	if _, err := ParseFacility("local8"); err == nil {
		t.Error("local8")
	}
	if _, err := ParseSeverity("bad"); err == nil {
		t.Error("bad")
	}
}

func TestHealthRecords(t *testing.T) {
	doc := []byte(`{"@timestamp":"2026-11-22T10:00:00.000000Z","message":"sensor is OK","event":{"kind":"metric","module":"cleartap","dataset":"cleartap.health"},"observer":{"name":"s1"},"cleartap":{"health":{"state":"OK","x":"` + strings.Repeat("y", 2000) + `"}}}`)
	rec, err := output.ParseRecord(doc)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{Transport: UDP, Address: "127.0.0.1:9"})
	if m, v := s.encoder.message(&rec); m != nil || v.Outcome != output.Done {
		t.Errorf("%q, %v", m, v)
	}
	s = open(t, Config{Transport: UDP, Address: "127.0.0.1:9", Format: format.JSON, Health: true})
	m, v := s.encoder.message(&rec)
	if want := fmt.Sprintf("<174>1 2026-11-22T10:00:00.000000Z s1 cleartap %s metric - %s", s.encoder.pid, doc); string(m) != want || v.Outcome == output.Dead {
		t.Errorf("%s, %v", m, v)
	}
	if m, v := s.encoder.message(&output.Record{JSON: []byte("no")}); m != nil || v.Outcome != output.Dead {
		t.Errorf("%q, %v", m, v)
	}
}

func TestWrongSettings(t *testing.T) {
	for want, c := range map[string]Config{
		"HOST:PORT":             {Transport: TCP, Address: "host"},
		"HOST:PORT, an IPv6":    {Transport: UDP, Address: "::1:514"},
		"want tls://HOST:PORT,": {Transport: TLS, Address: "host:0"},
		"path of a socket":      {Transport: Unix, Address: "dev/log"},
		"max_size":              {Transport: TCP, Address: "h:1", MaxSize: 480},
		"framing":               {Transport: UDP, Address: "h:1", Framing: Lines},
		"protocol":              {Transport: TCP, Address: "h:1", Protocol: Local},
		"format: ocsf":          {Transport: TCP, Address: "h:1", Format: format.OCSF},
		"cee":                   {Transport: TCP, Address: "h:1", CEE: true},
		"health":                {Transport: TCP, Address: "h:1", Health: true},
		"rate":                  {Transport: UDP, Address: "h:1", Rate: -1},
		"app":                   {Transport: UDP, Address: "h:1", App: "a b"},
		"host:":                 {Transport: UDP, Address: "h:1", Host: strings.Repeat("h", 256)},
		"sd_id":                 {Transport: UDP, Address: "h:1", SDID: "cleartap"},
		"tls: the address":      {Transport: TCP, Address: "h:1", TLS: transport.TLS{CA: "x"}},
		"needs its key":         {Transport: TLS, Address: "h:1", TLS: transport.TLS{Certificate: "x"}},
		"fingerprints":          {Transport: TLS, Address: "h:1", TLS: transport.TLS{Fingerprints: []string{"ab"}}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: got %v", want, err)
		}
	}
}
