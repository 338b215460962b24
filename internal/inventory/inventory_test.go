package inventory

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/reassembly"
)

const (
	start = capture.Nanos(1_700_000_000e9)
	hour  = capture.Nanos(3600e9)
)

// talk is a client's connections to a server.
type talk struct {
	v        *Inventory
	server   string
	protocol string
	client   int
	at       capture.Nanos
	proxy    netip.AddrPort
}

func (k *talk) observe(kind detectors.Kind, set func(*detectors.Observation)) {
	k.at += 1e6
	o := detectors.Observation{Kind: kind, Protocol: k.protocol, Sides: 2, Mark: capture.Mark{Time: k.at}, Decided: capture.Mark{Time: k.at}, Proxy: k.proxy}
	o.Flow = reassembly.Flow{Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(k.client >> 8), byte(k.client)}), 40000), Server: netip.MustParseAddrPort(k.server), Start: k.at}
	if set != nil {
		set(&o)
	}
	k.v.Observe(&o)
}

func (k *talk) greeting(product, version, text string) {
	k.observe(detectors.Greeting, func(o *detectors.Observation) {
		o.Server = &detectors.Server{Source: detectors.FromGreeting, Product: product, Version: version, Text: text}
	})
}

func (k *talk) offers(f detectors.Offer) {
	k.observe(detectors.Offered, func(o *detectors.Observation) { o.Offer = &f })
}

func (k *talk) login(name string, r detectors.Result) {
	k.observe(detectors.Login, func(o *detectors.Observation) {
		o.Attempt = detectors.Attempt{Mechanism: detectors.MechPlain, Class: detectors.Password, Identity: name, Secret: secret.Of([]byte("x"))}
		o.Result = r
	})
}

func (k *talk) ends(s detectors.Summary) {
	k.observe(detectors.Ended, func(o *detectors.Observation) { o.Summary = &s })
}

// plain is a session of a server that takes passwords.
func (k *talk) plain(starttls bool) {
	k.greeting("Dovecot", "2.3", "+OK Dovecot ready.")
	f := detectors.Offer{Source: detectors.FromCAPA, StartTLS: starttls, UserPass: true}
	f.Mechanisms.Add(detectors.MechPlain)
	k.offers(f)
	k.login(fmt.Sprintf("user%d", k.client), detectors.Success)
	k.ends(detectors.Summary{Greeted: true, Asked: true, StartTLS: starttls, Logins: 1, Accepted: 1})
}

func TestGrades(t *testing.T) {
	masked := detectors.Offer{Source: detectors.FromEHLO, Masked: 1, Auth: true}
	masked.Mechanisms.Add(detectors.MechPlain)
	for name, c := range map[string]struct {
		protocol string
		session  func(*talk)
		sessions int
		want     detectors.Grade
		startTLS string
	}{
		"one session":  {"pop3", func(k *talk) { k.plain(true) }, 1, "", "offered"},
		"allowed":      {"pop3", func(k *talk) { k.plain(true) }, 2, detectors.PlainAllowed, "offered"},
		"only, twice":  {"pop3", func(k *talk) { k.plain(false) }, 2, "", "not_offered"},
		"only":         {"pop3", func(k *talk) { k.plain(false) }, 3, detectors.PlainOnly, "not_offered"},
		"nobody asked": {"pop3", func(k *talk) { k.login("a", detectors.Success); k.ends(detectors.Summary{Logins: 1}) }, 9, "", ""},
		"CAPA refused": {"pop3", func(k *talk) {
			k.offers(detectors.Offer{Source: detectors.FromCAPA, Refused: true})
			k.ends(detectors.Summary{})
		}, 9, "", ""},
		"masked on its way": {"smtp", func(k *talk) { k.offers(masked); k.ends(detectors.Summary{Asked: true}) }, 5, "", "not_offered"},
		"one direction only": {"pop3", func(k *talk) {
			k.observe(detectors.Ended, func(o *detectors.Observation) { o.Summary = &detectors.Summary{Asked: true}; o.Sides = 1 })
		}, 5, "", ""},
		"required": {"imap", func(k *talk) {
			k.offers(detectors.Offer{Source: detectors.FromCapability, StartTLS: true, LoginDisabled: true})
			k.ends(detectors.Summary{Asked: true, StartTLS: true})
		}, 2, detectors.TLSRequired, "required"},
		"TLS from the first byte": {"imap", func(k *talk) {
			k.observe(detectors.Upgraded, func(o *detectors.Observation) { o.Upgrade = &detectors.Upgrade{Result: detectors.Implicit} })
			k.ends(detectors.Summary{TLS: true})
		}, 2, detectors.TLSRequired, ""},
		"a relay without logins": {"smtp", func(k *talk) {
			k.offers(detectors.Offer{Source: detectors.FromEHLO})
			k.ends(detectors.Summary{Asked: true})
		}, 5, "", "not_offered"},
		"refused as insecure": {"imap", func(k *talk) {
			k.offers(detectors.Offer{Source: detectors.FromCapability, StartTLS: true, LoginDisabled: true})
			k.login("a", detectors.RefusedInsecure)
			k.ends(detectors.Summary{Asked: true, StartTLS: true, Required: true, Logins: 1})
		}, 3, detectors.TLSRequired, "required"},
	} {
		v := New(Config{})
		for i := range c.sessions {
			c.session(&talk{v: v, server: "192.0.2.25:110", protocol: c.protocol, client: i, at: start})
		}
		s := v.Servers()[0]
		if s.Grade() != c.want || s.startTLS() != c.startTLS || s.Sessions != uint64(c.sessions) {
			t.Errorf("%s: %q, STARTTLS %q after %d sessions", name, s.Grade(), s.startTLS(), s.Sessions)
		}
	}
}

func TestFindings(t *testing.T) {
	var got []string
	v := New(Config{Report: func(f *detectors.Finding) {
		got = append(got, fmt.Sprintf("%s %s %d %s %s", f.Rule.ID, f.Flow.Server, f.Exposure.Sessions, f.Exposure.Grade, f.Severity))
		if f.Kind != detectors.Exposed || f.Flow.Client.IsValid() || f.Protocol != "pop3" || f.Mark.Time == 0 {
			t.Errorf("%+v", f)
		}
	}})
	for i := range 10 {
		(&talk{v: v, server: "192.0.2.25:110", protocol: "pop3", client: i, at: start + capture.Nanos(i)*6*hour}).plain(true)
	}
	want := []string{"CT-INV-002 192.0.2.25:110 0  low", "CT-INV-001 192.0.2.25:110 3 plaintext_allowed medium",
		"CT-INV-001 192.0.2.25:110 6 plaintext_allowed medium", "CT-INV-001 192.0.2.25:110 10 plaintext_allowed medium"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	got = nil
	v.Tell(func(s *Server, f *detectors.Finding) {
		got = append(got, fmt.Sprintf("%s %d %s", f.Rule.ID, f.Exposure.Sessions, s.Path))
	})
	if !reflect.DeepEqual(got, []string{"CT-INV-001 10 ", "CT-INV-002 10 "}) {
		t.Errorf("at the end: %q", got)
	}
}

func TestCounts(t *testing.T) {
	v := New(Config{HomeNets: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	for i := range 5000 {
		k := talk{v: v, server: "192.0.2.25:110", protocol: "pop3", client: i, at: start}
		if i >= 4000 { // behind a proxy
			k.client, k.proxy = 1, netip.MustParseAddrPort(fmt.Sprintf("203.0.113.%d:99", i%10))
		}
		k.login(fmt.Sprintf("user%d", i%200), detectors.Failure)
		k.ends(detectors.Summary{Logins: 1})
	}
	s := v.Servers()[0]
	if n := s.Accounts.Count(); n != 200 {
		t.Errorf("%d accounts of 200", n)
	}
	if n := s.Clients.Count(); n < 3750 || n > 4270 {
		t.Errorf("%d clients of 4010", n)
	}
	if s.External || s.Logins != 5000 || s.Accepted != 0 || s.First != start+1e6 || v.servers[s.Key] != s {
		t.Errorf("%+v", s)
	}
}

func TestSketch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 5, 20, 100, 300, 1000, 20_000, 200_000} {
		var s, a, b Sketch
		for i := range n {
			h := r.Uint64()
			s.Add(h)
			s.Add(h)
			[]*Sketch{&a, &b}[i%2].Add(h)
		}
		off := s.Count() - n
		if off*off > n*n/100 || n <= mostFew && off != 0 {
			t.Errorf("%d things are counted as %d", n, s.Count())
		}
		a.Join(&b)
		bytes, _ := s.MarshalBinary()
		var back Sketch
		if err := back.UnmarshalBinary(bytes); err != nil || back.Count() != s.Count() || a.Count() != s.Count() || len(bytes) > 1+registers {
			t.Errorf("%d things: %d joined, %d read back, %d bytes, %v", n, a.Count(), back.Count(), len(bytes), err)
		}
	}
	var s Sketch
	for _, p := range [][]byte{nil, {1}, {0, 1}, make([]byte, 5000), {2, 0, 0}} {
		if err := s.UnmarshalBinary(p); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes: %v", len(p), err)
		}
	}
}

func TestBounded(t *testing.T) {
	v := New(Config{MaxServers: 10})
	for i := range 100 {
		for _, port := range []int{1, 100 + i} { // the first is used all the time
			(&talk{v: v, server: fmt.Sprintf("192.0.2.25:%d", port), protocol: "pop3", at: start + capture.Nanos(i)}).greeting("", "", "+OK")
		}
	}
	if st := v.Stats(); st.Servers != 10 || st.Evicted != 91 || v.servers[Key{netip.MustParseAddrPort("192.0.2.25:1"), "pop3"}] == nil {
		t.Errorf("%+v", st)
	}
	for _, s := range v.recent {
		if s != nil && !s.kept {
			t.Errorf("%v is remembered still", s.Addr)
		}
	}
}

// The one that goes is the one that a list ordered at each touch has first.
func TestAges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	var a ages
	var list []*Server
	for i := range 100_000 {
		switch n := rnd.IntN(100); {
		case len(list) == 0 || n < 20 && len(list) < 300:
			s := &Server{Sessions: uint64(i)}
			a.add(s)
			list = append(list, s)
		case n < 60+i/10_000*4:
			k := rnd.IntN(len(list))
			if n%2 == 0 {
				k = min(k, 1) // what is about to go
			}
			s := list[k]
			a.touch(s)
			list = append(slices.Delete(list, k, k+1), s)
		default:
			if s := a.oldest(); s != list[0] {
				t.Fatalf("step %d: %d went before %d", i, s.Sessions, list[0].Sessions)
			}
			list = list[1:]
		}
	}
}

// What a sketch holds does not depend on where a search begins.
func TestSketchOfUnevenHashes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for _, spread := range []uint32{1 << 31, 1 << 16, 300} {
		for _, base := range []uint32{0, 1 << 30, math.MaxUint32 - spread} {
			var s Sketch
			all := map[uint32]bool{}
			for range 2000 {
				h := base + rnd.Uint32()%spread
				if len(all) >= mostFew && !all[h] {
					continue
				}
				all[h] = true
				s.add(h)
			}
			if s.Count() != len(all) || !slices.IsSorted(s.few) {
				t.Errorf("base %d, spread %d: %d of %d, sorted %t", base, spread, s.Count(), len(all), slices.IsSorted(s.few))
			}
		}
	}
}

// views gives what an inventory shows, and its findings.
func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.db")
	told := 0
	open := func(most int) (*Inventory, *Store) {
		v := New(Config{MaxServers: most, Report: func(*detectors.Finding) { told++ }})
		st, err := OpenStore(path, v)
		if err != nil {
			t.Fatal(err)
		}
		return v, st
	}
	session := func(v *Inventory, i int) {
		k := &talk{v: v, server: "192.0.2.25:110", protocol: "pop3", client: i, at: start + capture.Nanos(i)*1e9}
		k.observe(detectors.Handshake, func(o *detectors.Observation) {
			o.TLS = &detectors.TLS{Version: detectors.TLS10, SuiteName: "X", SNI: "pop.example.org", Faults: detectors.CertExpired, Leaf: &detectors.Certificate{SHA256: "AA", KeyAlgorithm: "RSA", KeyBits: 1024}}
		})
		k.plain(true)
	}
	whole := New(Config{})
	v, st := open(0)
	whole.key = v.key
	for i := range 30 {
		session(whole, i)
		session(v, i)
		if i%7 == 6 { // restarts
			if err := st.Save(v); err != nil {
				t.Fatal(err)
			}
			v, st = open(0)
		}
	}
	if err := errors.Join(st.Save(v), st.Save(v)); err != nil {
		t.Fatal(err)
	}
	if told != 2 {
		t.Errorf("%d findings, restarts notwithstanding there should be 2", told)
	}
	back := New(Config{})
	if err := Read(path, back); err != nil {
		t.Fatal(err)
	}
	a, b := whole.Views(nil), back.Views(nil)
	a[0].server, b[0].server = nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Errorf("after restarts\n%+v\nwithout\n%+v", b, a)
	}
	// What is forgotten and comes again is joined with what was stored.
	v, st = open(1)
	(&talk{v: v, server: "192.0.2.99:110", protocol: "pop3", at: start}).greeting("", "", "")
	session(v, 31)
	if err := st.Save(v); err != nil {
		t.Fatal(err)
	}
	back = New(Config{})
	if err := Read(path, back); err != nil || len(back.servers) != 2 || back.Servers()[0].Sessions != 31 {
		t.Errorf("%v, %+v", err, back.Servers())
	}
}

func TestStoreFaults(t *testing.T) {
	dir := t.TempDir()
	if err := Read(filepath.Join(dir, "missing"), New(Config{})); err == nil {
		t.Error("a file that is not there is read")
	}
	path := filepath.Join(dir, "text.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a store "), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{Read(path, New(Config{})), func() error { _, err := OpenStore(path, New(Config{})); return err }()} {
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%v", err)
		}
	}
	good := filepath.Join(dir, "good.db")
	v := New(Config{})
	st, err := OpenStore(good, v)
	if err != nil {
		t.Fatal(err)
	}
	(&talk{v: v, server: "192.0.2.25:110", protocol: "pop3", at: start}).plain(true)
	if err := st.Save(v); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(`{"product"`))
	for i := range 40 { // a record that is damaged, a file that was cut: an error, or less than all
		bad := bytes.Clone(data)
		if i%2 == 0 {
			bad[at+i*3] ^= 0x41
		} else {
			bad = bad[:len(bad)*i/40]
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Read(path, New(Config{})); err == nil && i%2 == 1 && len(bad) < 8192 {
			t.Errorf("%d bytes of %d are read as an inventory", len(bad), len(data))
		}
	}
}

func shown() []View {
	v := New(Config{})
	for i := range 4 {
		k := &talk{v: v, server: "192.0.2.25:110", protocol: "pop3", client: i, at: start}
		k.observe(detectors.Handshake, func(o *detectors.Observation) {
			o.TLS = &detectors.TLS{Version: detectors.TLS11, SuiteName: "TLS_RSA_WITH_AES_128_CBC_SHA", SNI: "pop.example.org", Faults: detectors.CertExpired | detectors.CertSelfSigned,
				Leaf: &detectors.Certificate{Subject: detectors.Name{CommonName: "pop.example.org", Country: "AT"}, Issuer: detectors.Name{CommonName: "pop.example.org"}, SelfSigned: true,
					Serial: "0A", NotBefore: start - 10*hour, NotAfter: start - hour, KeyAlgorithm: "RSA", KeyBits: 2048, SignatureAlgorithm: "SHA256-RSA", MD5: "AA", SHA1: "BB", SHA256: "CC", SHA512: "DD"}}
		})
		k.plain(true)
	}
	(&talk{v: v, server: "[2001:db8::25]:25", protocol: "smtp", at: start}).greeting("Postfix", "", "220 =cmd|' /C calc'!A0")
	return v.Views(nil)
}

func TestFormats(t *testing.T) {
	list := shown()
	var b bytes.Buffer
	if err := WriteTable(&b, list); err != nil || !strings.Contains(b.String(), "192.0.2.25:110") || !strings.Contains(b.String(), "plaintext_allowed  offered") ||
		!strings.Contains(b.String(), "Dovecot 2.3") || strings.Count(b.String(), "\n") != 3 {
		t.Errorf("%v\n%s", err, &b)
	}
	b.Reset()
	if err := WriteJSON(&b, list); err != nil {
		t.Fatal(err)
	}
	var x View
	if err := json.Unmarshal(b.Bytes()[:bytes.IndexByte(b.Bytes(), '\n')], &x); err != nil || x.Grade != "plaintext_allowed" || x.TLS[0].Handshakes != 4 || x.Certificate.Problems[0] != "expired" {
		t.Errorf("%v %+v", err, x)
	}
	b.Reset()
	if err := WriteCSV(&b, list); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3 || len(rows[1]) != len(columns) || rows[1][3] != "Dovecot" {
		t.Errorf("%v %q", err, rows)
	}
}

func TestShadowserver(t *testing.T) {
	var b bytes.Buffer
	if err := WriteShadowserver(&b, shown()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != 60 { // SMTP is another report
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"timestamp": "2023-11-14 22:13:20", "severity": "medium", "ip": "192.0.2.25", "protocol": "tcp", "port": "110", "hostname": "pop.example.org", "hostname_source": "sni",
		"tag": "pop3;cleartap;plaintext-allowed", "banner": "+OK Dovecot ready.", "cert_expired": "Y", "cert_valid": "N", "self_signed": "Y", "cert_length": "2048",
		"handshake": "TLSv1.1", "cipher_suite": "TLS_RSA_WITH_AES_128_CBC_SHA", "issuer_common_name": "pop.example.org", "subject_country": "AT", "sha1_fingerprint": "BB",
		"jarm": "", "naics": "", "sector": "", "validation_level": "", "sslv3_supported": "", "asn": "",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	b.Reset()
	if err := WriteIntelMQ(&b, shown(), time.Unix(1_700_000_100, 0)); err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(b.Bytes(), &event); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"classification.taxonomy": "vulnerable", "classification.type": "vulnerable-system", "classification.identifier": "vulnerable-pop3", "protocol.application": "pop3",
		"protocol.transport": "tcp", "source.ip": "192.0.2.25", "source.port": 110.0, "time.source": "2023-11-14T22:13:20+00:00", "time.observation": "2023-11-14T22:15:00Z",
		"source.reverse_dns": "pop.example.org", "extra.cert_expired": "Y", "extra.jarm": nil,
	} {
		if event[name] != want {
			t.Errorf("%s is %v, want %v", name, event[name], want)
		}
	}
}

func TestNotices(t *testing.T) {
	list := shown()
	list[0].Owner = "Example Net"
	other := list[0]
	other.Port = 143
	list = append(list, other)
	if got := Notices(list, false); len(got) != 2 || got[0].Name() != "pop3-192.0.2.25-110" { // nothing is to be said of the relay
		t.Errorf("%d notices: %+v", len(got), got)
	}
	got := Notices(list, true)
	if len(got) != 1 || len(got[0].Servers) != 2 || got[0].Name() != "Example_Net" {
		t.Fatalf("%+v", got)
	}
	one := Notices(list[:1], false)[0]
	for _, plain := range []bool{false, true} {
		var b bytes.Buffer
		if err := one.Write(&b, plain); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, want := range []string{"POP3 on 192.0.2.25:110", "Dovecot 2.3", "2023-11-14 22:13", "4 logins crossed the network in clear, 4 of them accepted: 4 accounts from 4 addresses",
			"TLS 1.1 was agreed on 4 times", "expired, self signed", "ssl = required", "openssl s_client -starttls pop3 -connect 192.0.2.25:110"} {
			if !strings.Contains(text, want) {
				t.Errorf("plain %t: %q is missing in\n%s", plain, want, text)
			}
		}
		for _, name := range []string{"user0", "10.1.0.0"} {
			if strings.Contains(text, name) {
				t.Errorf("%s is named unasked", name)
			}
		}
		if plain && strings.ContainsAny(text, "`#*") {
			t.Errorf("not plain:\n%s", text)
		}
	}
	one.Details = map[Key]*Details{one.Servers[0].server.Key: {Accounts: []string{"user0"}, Clients: []string{"10.1.0.0"}}}
	var b bytes.Buffer
	if err := one.Write(&b, false); err != nil || !strings.Contains(b.String(), "`user0`") || !strings.Contains(b.String(), "`10.1.0.0`") {
		t.Errorf("%v\n%s", err, &b)
	}
}

// Nobody is told that logins were in clear at a server whose certificate alone is wrong.
func TestNoticeOfTLSAlone(t *testing.T) {
	x := shown()[0]
	x.Grade, x.Logins, x.Accepted, x.Mechanisms = string(detectors.TLSRequired), 0, 0, nil
	var b bytes.Buffer
	n := Notices([]View{x}, false)
	if err := n[0].Write(&b, false); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"# TLS of mail servers: POP3 on", "TLS 1.1 was agreed on 4 times", "TLS 1.2 and 1.3 alone", "a certificate for the name"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, wrong := range []string{"Mail logins", "refuse logins", "passwords of these accounts", "ssl = required"} {
		if strings.Contains(text, wrong) {
			t.Errorf("%q is said in\n%s", wrong, text)
		}
	}
}

// What is learnt while the disk is waited for is saved the next time, and so is what a
// full disk did not take.
func TestStoreInTwoSteps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "inventory.db")
	v := New(Config{MaxServers: 2})
	st, err := OpenStore(path, v)
	if err != nil {
		t.Fatal(err)
	}
	session := func(port int) {
		(&talk{v: v, server: fmt.Sprintf("192.0.2.25:%d", port), protocol: "pop3", at: start}).plain(true)
	}
	step := func(between func()) error {
		b, err := st.Begin(v)
		if err != nil || b == nil {
			t.Fatalf("%v, %v", b, err)
		}
		err = b.Write()
		between()
		return st.End(b, err)
	}
	session(1)
	if err := step(func() { session(1) }); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+"2"); err != nil {
		t.Fatal(err)
	}
	session(2)
	session(3) // 1 is forgotten
	if err := step(func() { session(4) }); err == nil || len(st.pending) != 2 {
		t.Errorf("%v, %d pending", err, len(st.pending))
	}
	if err := os.Rename(dir+"2", dir); err != nil {
		t.Fatal(err)
	}
	session(1)
	if err := step(func() { session(1) }); err != nil {
		t.Fatal(err)
	}
	if err := st.Save(v); err != nil {
		t.Fatal(err)
	}
	back := New(Config{})
	if err := Read(path, back); err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint64{4, 1, 1, 1} {
		if s := back.servers[Key{netip.MustParseAddrPort(fmt.Sprintf("192.0.2.25:%d", i+1)), "pop3"}]; s == nil || s.Sessions != want {
			t.Errorf("port %d: %+v", i+1, s)
		}
	}
}
