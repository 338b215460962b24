package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/reassembly"
)

// login is an observation of a login as a session would report it.
func login() detectors.Observation {
	at := capture.Nanos(time.Date(2026, 11, 22, 10, 0, 0, 123456789, time.UTC).UnixNano())
	return detectors.Observation{
		Kind: detectors.Login, Protocol: "imap", Sides: 2, Number: 1, Result: detectors.Success, Reply: "OK",
		Flow: reassembly.Flow{
			Client: netip.MustParseAddrPort("10.1.0.7:40001"), Server: netip.MustParseAddrPort("192.0.2.25:143"),
			VLAN: 12, Start: at - 1e9,
		},
		Mark:    capture.Mark{Time: at, Frame: 9, Seq: 4711},
		Decided: capture.Mark{Time: at + 2e6, Frame: 10},
		Attempt: detectors.Attempt{
			Command: detectors.LoginCommand, Mechanism: detectors.MechLogin, Class: detectors.Password,
			Identity: "alice@example.org", Secret: secret.Of([]byte("Canary-5ecret")),
		},
	}
}

func judge(t testing.TB, o detectors.Observation) *detectors.Finding {
	t.Helper()
	f, ok := detectors.Judge(&o)
	if !ok {
		t.Fatal("no finding")
	}
	return &f
}

func TestRedactMakesTheDocumentedAlert(t *testing.T) {
	a := Redact(judge(t, login()), Where{Path: "captures/monday.pcap"}, &Policy{Version: "1.2.3", RuleBase: "https://example.org/cleartap"})
	var got bytes.Buffer
	if err := json.Indent(&got, a.AppendJSON(nil), "", " "); err != nil {
		t.Fatal(err)
	}
	const want = `{
 "@timestamp": "2026-11-22T10:00:00.123456Z",
 "ecs": {
  "version": "8.11.0"
 },
 "message": "IMAP LOGIN of alice@example.org from 10.1.0.7 to 192.0.2.25:143 without TLS: accepted",
 "event": {
  "kind": "alert",
  "category": [
   "network",
   "intrusion_detection"
  ],
  "type": [
   "info",
   "allowed"
  ],
  "action": "cleartext-login",
  "outcome": "success",
  "severity": 99,
  "id": "EVENTID",
  "code": "CT-CRED-002",
  "module": "cleartap",
  "dataset": "cleartap.alert",
  "start": "2026-11-22T09:59:59.123456Z",
  "end": "2026-11-22T10:00:00.125456Z"
 },
 "rule": {
  "id": "CT-CRED-002",
  "name": "IMAP LOGIN without TLS",
  "category": "credential",
  "ruleset": "cleartap",
  "version": "1",
  "reference": "https://example.org/cleartap/docs/rules/CT-CRED-002.md"
 },
 "network": {
  "transport": "tcp",
  "type": "ipv4",
  "protocol": "imap",
  "community_id": "COMMUNITY",
  "direction": "outbound",
  "vlan": {
   "id": "12"
  }
 },
 "source": {
  "ip": "10.1.0.7",
  "port": 40001,
  "address": "10.1.0.7"
 },
 "destination": {
  "ip": "192.0.2.25",
  "port": 143,
  "address": "192.0.2.25"
 },
 "user": {
  "name": "alice@example.org"
 },
 "related": {
  "ip": [
   "10.1.0.7",
   "192.0.2.25"
  ],
  "user": [
   "alice@example.org"
  ]
 },
 "threat": {
  "framework": "MITRE ATT\u0026CK",
  "technique": [
   {
    "id": "T1040",
    "name": "Network Sniffing"
   },
   {
    "id": "T1552",
    "name": "Unsecured Credentials"
   }
  ]
 },
 "observer": {
  "vendor": "cleartap",
  "product": "cleartap",
  "type": "sensor",
  "version": "1.2.3"
 },
 "log": {
  "file": {
   "path": "captures/monday.pcap"
  }
 },
 "cleartap": {
  "severity": "critical",
  "auth": {
   "command": "LOGIN",
   "mechanism": "LOGIN",
   "class": "\u0070assword",
   "result": "success",
   "attempt": 1,
   "reply_code": "OK",
   "refused_insecure": false
  },
  "capture": {
   "frame": 9,
   "sides": 2,
   "midstream": false,
   "gap": false
  },
  "count": 1
 }
}`
	w := strings.NewReplacer("EVENTID", a.Event.ID, "COMMUNITY", a.Network.CommunityID).Replace(want)
	if got.String() != w {
		t.Errorf("got %s", got.String())
	}
	if len(a.Event.ID) != 26 || !strings.HasPrefix(a.Network.CommunityID, "1:") {
		t.Errorf("ids: %q, %q", a.Event.ID, a.Network.CommunityID)
	}
}

func TestEventIDNamesTheAttemptAndNothingElse(t *testing.T) {
	id := func(change func(*detectors.Observation), p *Policy) string {
		o := login()
		change(&o)
		a := Redact(judge(t, o), Where{Path: "x"}, p)
		return a.Event.ID
	}
	same := id(func(*detectors.Observation) {}, &Policy{})
	for name, change := range map[string]func(*detectors.Observation){
		"user":    func(o *detectors.Observation) { o.Attempt.Identity = "bob" },
		"outcome": func(o *detectors.Observation) { o.Result = detectors.Failure },
		"frame":   func(o *detectors.Observation) { o.Mark.Frame, o.Mark.File = 77, 3 },
		"nanos":   func(o *detectors.Observation) { o.Mark.Time += 7 }, // within the microsecond
		"secret":  func(o *detectors.Observation) { o.Attempt.Secret = secret.Of([]byte("another")) },
		"attempt": func(o *detectors.Observation) { o.Number = 2 },
		"mapped": func(o *detectors.Observation) {
			o.Flow.Client = netip.AddrPortFrom(netip.AddrFrom16(o.Flow.Client.Addr().As16()), o.Flow.Client.Port())
		},
	} {
		if got := id(change, &Policy{}); got != same {
			t.Errorf("%s changed the id", name)
		}
	}
	for name, change := range map[string]func(*detectors.Observation){
		"time":      func(o *detectors.Observation) { o.Mark.Time += 1000 },
		"sequence":  func(o *detectors.Observation) { o.Mark.Seq++ },
		"mechanism": func(o *detectors.Observation) { o.Attempt.Mechanism = detectors.MechPlain },
		"client":    func(o *detectors.Observation) { o.Flow.Client = netip.MustParseAddrPort("10.1.0.8:40001") },
		"port":      func(o *detectors.Observation) { o.Flow.Client = netip.MustParseAddrPort("10.1.0.7:40002") },
		"server":    func(o *detectors.Observation) { o.Flow.Server = netip.MustParseAddrPort("192.0.2.26:143") },
	} {
		if got := id(change, &Policy{}); got == same {
			t.Errorf("%s did not change the id", name)
		}
	}
	if id(func(*detectors.Observation) {}, &Policy{SensorName: "eth"}) == same {
		t.Error("the sensor's name did not change the id")
	}
}

func TestUserNamesByPolicy(t *testing.T) {
	key := bytes.Repeat([]byte{1, 2, 3, 4}, 8)
	for _, c := range []struct {
		policy Usernames
		result detectors.Result
		sent   string
		want   string
	}{
		{"", detectors.Success, "alice@example.org", "alice@example.org"},
		{"", detectors.Unknown, "alice@example.org", "alice@example.org"},
		{UsernamesAuto, detectors.TempFail, "alice", "alice"},
		{UsernamesAuto, detectors.Failure, "alice@example.org", "a***@example.org"},
		{UsernamesAuto, detectors.RefusedInsecure, "alice@example.org", "a***@example.org"},
		{UsernamesFull, detectors.Failure, "alice", "alice"},
		{UsernamesFull, detectors.Failure, "a\x00l\x1bice\x7f", "alice"},
		{UsernamesFull, detectors.Success, "m\xfcller", "müller"},
		{UsernamesFull, detectors.Success, strings.Repeat("é", 300), strings.Repeat("é", 256)},
		{UsernamesMasked, detectors.Success, "alice", "a***"},
		{UsernamesMasked, detectors.Success, "P@ssw0rd", "P***"},
		{UsernamesMasked, detectors.Success, "P@ss.w0rd", "P***"},
		{UsernamesMasked, detectors.Success, "a@b@example.org", "a***@example.org"},
		{UsernamesMasked, detectors.Success, "@example.org", "***@example.org"},
		{UsernamesMasked, detectors.Success, "Élan@mail.example.org", "É***@mail.example.org"},
		{UsernamesMasked, detectors.Success, "x@-bad.example", "x***"},
		{UsernamesMasked, detectors.Success, "x@example.", "x***"},
		{UsernamesMasked, detectors.Success, "", ""},
		{UsernamesNone, detectors.Success, "alice", ""},
		{UsernamesPseudonym, detectors.Success, "alice", "PSEUDONYM"},
		{UsernamesPseudonym, detectors.Failure, " ALICE ", "PSEUDONYM"},
	} {
		o := login()
		o.Result, o.Attempt.Identity, o.Attempt.Authzid = c.result, c.sent, c.sent
		a := Redact(judge(t, o), Where{}, &Policy{Usernames: c.policy, PseudonymKey: key})
		want := c.want
		if want == "PSEUDONYM" {
			want = pseudonym(key, "cleartap-id-v1", "alice")
		}
		if a.User.Name != want || a.Cleartap.Auth.Authzid != want {
			t.Errorf("%s %s %q: got %q and %q, want %q", c.policy, c.result, c.sent, a.User.Name, a.Cleartap.Auth.Authzid, want)
		}
		if want == "" && a.Related.User != nil {
			t.Errorf("%s: related.user %q", c.policy, a.Related.User)
		}
		if want != "" && !strings.Contains(a.Message, want) {
			t.Errorf("%s: message %q lacks %q", c.policy, a.Message, want)
		}
		if text := string(a.AppendJSON(nil)); c.sent != "" && want != c.sent && c.sent[0] != '@' && len(c.sent) > 3 && strings.Contains(text, c.sent) {
			t.Errorf("%s %s: the name as sent is in %s", c.policy, c.result, text)
		}
	}
}

// HMAC-SHA-256 computed apart: printf 'cleartap-id-v1\0alice' | openssl dgst -sha256 -mac HMAC -macopt key:0123...
func TestPseudonymIsAnHMAC(t *testing.T) {
	got := pseudonym([]byte("0123456789abcdef0123456789abcdef"), userLabel, "Alice")
	if want := "e0cc2eb7b1b6d2c202a7ca1b96544c66"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
	if pseudonym([]byte("0123456789abcdef0123456789abcdef"), clientLabel, "Alice") == got {
		t.Error("a client has a user's pseudonym")
	}
}

func TestClientsByPolicy(t *testing.T) {
	key := bytes.Repeat([]byte{1, 2, 3, 4}, 8)
	for _, c := range []struct {
		policy      Clients
		client      string
		ip, address string
	}{
		{"", "10.1.2.3:1", "10.1.2.3", "10.1.2.3"},
		{ClientsFull, "[2001:db8:1:2::3]:1", "2001:db8:1:2::3", "2001:db8:1:2::3"},
		{ClientsFull, "[::ffff:10.1.2.3]:1", "10.1.2.3", "10.1.2.3"},
		{ClientsPrefix, "10.1.2.3:1", "10.1.2.0", "10.1.2.0/24"},
		{ClientsPrefix, "[2001:db8:1:2::3]:1", "2001:db8:1::", "2001:db8:1::/48"},
		{ClientsPseudonym, "10.1.2.3:1", "", pseudonym(key, clientLabel, "10.1.2.3")},
	} {
		o := login()
		o.Flow.Client = netip.MustParseAddrPort(c.client)
		o.Proxy = o.Flow.Client
		a := Redact(judge(t, o), Where{}, &Policy{Clients: c.policy, PseudonymKey: key})
		if a.Source.IP != c.ip || a.Source.Address != c.address || a.Cleartap.Proxy.Client.IP != c.ip {
			t.Errorf("%s %s: got %+v, proxy %+v", c.policy, c.client, a.Source, a.Cleartap.Proxy)
		}
		hidden := c.policy == ClientsPrefix || c.policy == ClientsPseudonym
		if (a.Network.CommunityID == "") != hidden {
			t.Errorf("%s: community id %q", c.policy, a.Network.CommunityID)
		}
		if hidden && strings.Contains(string(a.AppendJSON(nil)), o.Flow.Client.Addr().String()+`"`) {
			t.Errorf("%s: the address is in the alert", c.policy)
		}
	}
}

func TestDirection(t *testing.T) {
	home := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, c := range []struct {
		client, server, want string
		nets                 []netip.Prefix
	}{
		{"10.0.0.1:1", "192.168.1.1:25", "internal", nil},
		{"172.16.0.1:1", "192.0.2.1:25", "outbound", nil},
		{"192.0.2.1:1", "[fd00::1]:25", "inbound", nil},
		{"192.0.2.1:1", "198.51.100.1:25", "external", nil},
		{"192.0.2.1:1", "198.51.100.1:25", "outbound", home},
		{"10.0.0.1:1", "192.0.2.9:25", "inbound", home},
	} {
		o := login()
		o.Flow.Client, o.Flow.Server = netip.MustParseAddrPort(c.client), netip.MustParseAddrPort(c.server)
		a := Redact(judge(t, o), Where{}, &Policy{HomeNets: c.nets})
		if a.Network.Direction != c.want {
			t.Errorf("%s to %s: %s, want %s", c.client, c.server, a.Network.Direction, c.want)
		}
	}
}

// The vector of the specification's own implementation, both ways round.
func TestCommunityID(t *testing.T) {
	x, y := netip.MustParseAddrPort("66.35.250.204:80"), netip.MustParseAddrPort("[::ffff:128.232.110.120]:34855")
	for _, pair := range [][2]netip.AddrPort{{x, y}, {y, x}} {
		if got := string(appendCommunityID(nil, pair[0], pair[1])); got != "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" {
			t.Errorf("got %s", got)
		}
	}
	a, b := netip.MustParseAddrPort("10.0.0.1:5"), netip.MustParseAddrPort("10.0.0.1:6")
	if string(appendCommunityID(nil, a, b)) != string(appendCommunityID(nil, b, a)) {
		t.Error("equal addresses: the ports decide")
	}
}

func TestConflictHasNoLogin(t *testing.T) {
	o := login()
	o.Kind = detectors.Conflict
	a := Redact(judge(t, o), Where{Path: "x"}, &Policy{})
	if a.Event.Action != "tcp-conflict" || a.User != (User{}) || a.Cleartap.Auth != (Auth{}) || a.Event.Outcome != "" || a.Rule.ID != "CT-NET-001" {
		t.Errorf("got %+v", a)
	}
}

func TestOutcomes(t *testing.T) {
	for r, want := range map[detectors.Result]string{
		detectors.Success: "success", detectors.Failure: "failure", detectors.RefusedInsecure: "failure", detectors.TempFail: "unknown",
		detectors.Expired: "unknown", detectors.Aborted: "unknown", detectors.Unknown: "unknown",
	} {
		o := login()
		o.Result = r
		a := Redact(judge(t, o), Where{}, &Policy{})
		if a.Event.Outcome != want || a.Cleartap.Auth.Result != string(r) || a.Cleartap.Auth.RefusedInsecure != (r == detectors.RefusedInsecure) {
			t.Errorf("%s: %s, %+v", r, a.Event.Outcome, a.Cleartap.Auth)
		}
	}
}

// What an alert can hold is this list and nothing else: a new field must be
// added here by hand, by someone who asked whether it can hold a secret.
func TestAlertHasNoFieldForASecret(t *testing.T) {
	allowed := strings.Fields(`@timestamp:string ecs.version:string message:string tags:[]string
event.kind:string event.category:[]string event.type:[]string event.action:string event.outcome:string event.severity:int event.id:string
event.code:string event.module:string event.dataset:string event.start:string event.end:string event.created:string
rule.id:string rule.name:string rule.category:string rule.ruleset:string rule.version:string rule.reference:string
network.transport:string network.type:string network.protocol:string network.community_id:string network.direction:string network.vlan.id:string
source.ip:string source.port:int source.address:string destination.ip:string destination.port:int destination.address:string
user.name:string related.ip:[]string related.user:[]string
threat.framework:string threat.technique.id:string threat.technique.name:string threat.technique.subtechnique.id:string threat.technique.subtechnique.name:string
tls.version:string tls.version_protocol:string tls.cipher:string tls.curve:string tls.next_protocol:string tls.established:bool tls.resumed:bool
tls.client.server_name:string tls.server.subject:string tls.server.issuer:string tls.server.not_before:string tls.server.not_after:string tls.server.hash.sha256:string
tls.server.x509.serial_number:string tls.server.x509.public_key_algorithm:string tls.server.x509.public_key_size:int tls.server.x509.signature_algorithm:string
observer.vendor:string observer.product:string observer.type:string observer.version:string observer.name:string observer.ingress.interface.name:string
log.file.path:string cleartap.severity:string
cleartap.auth.command:string cleartap.auth.mechanism:string cleartap.auth.class:string cleartap.auth.result:string cleartap.auth.attempt:int
cleartap.auth.reply_code:string cleartap.auth.authzid:string cleartap.auth.realm:string cleartap.auth.refused_insecure:bool
cleartap.attack.id:string cleartap.attack.state:string cleartap.attack.sources:int cleartap.attack.accounts:int cleartap.attack.attempts:int
cleartap.attack.failures:int cleartap.attack.window:int
cleartap.tls.client_version:string cleartap.tls.ja4:string cleartap.tls.problems:[]string cleartap.tls.downgraded:bool cleartap.tls.offered:[]string
cleartap.tls.masked:int cleartap.tls.stripped:[]string cleartap.tls.baseline:[]string cleartap.tls.upgrade:string cleartap.tls.injected:[]string cleartap.tls.injected_by:string
cleartap.tls.referral:string
cleartap.server.product:string cleartap.server.version:string cleartap.server.grade:string cleartap.server.starttls:bool cleartap.server.mechanisms:[]string
cleartap.server.sessions:int cleartap.server.clients:int cleartap.server.accounts:int cleartap.server.external:bool cleartap.server.first_seen:string
cleartap.server.last_seen:string
cleartap.proxy.client.ip:string cleartap.proxy.client.port:int
cleartap.capture.frame:uint64 cleartap.capture.sides:int cleartap.capture.midstream:bool cleartap.capture.gap:bool cleartap.count:int cleartap.trimmed:bool`)
	got := fieldsOf("", reflect.TypeFor[Alert]())
	if !reflect.DeepEqual(got, allowed) {
		t.Errorf("the alert's fields are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(allowed, "\n"))
	}
}

func fieldsOf(prefix string, typ reflect.Type) []string {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return []string{strings.TrimPrefix(prefix, ".") + ":" + typ.String()}
	}
	var out []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		out = append(out, fieldsOf(prefix+"."+name, typ.Field(i).Type)...)
	}
	return out
}

func TestPolicyValidate(t *testing.T) {
	good := []byte("0123456789abcdef0123456789abcdef")
	for _, c := range []struct {
		p    Policy
		want string
	}{
		{Policy{}, ""},
		{Policy{Usernames: "all"}, "want auto, full, masked, pseudonym or none"},
		{Policy{Clients: "half"}, "want full, prefix or pseudonym"},
		{Policy{Usernames: UsernamesPseudonym}, "need a key"},
		{Policy{Clients: ClientsPseudonym, PseudonymKey: []byte("short")}, "too short"},
		{Policy{Clients: ClientsPseudonym, PseudonymKey: bytes.Repeat([]byte{7}, 32)}, "one byte repeated"},
		{Policy{Usernames: UsernamesPseudonym, PseudonymKey: good}, ""},
	} {
		err := c.p.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.p, err, c.want)
		}
	}
}

// An alert by itself costs two allocations, the redactor and its texts; one after others none.
func TestAllocations(t *testing.T) {
	f, p := judge(t, login()), &Policy{Version: "1", RuleBase: "https://example.org/"}
	if n := testing.AllocsPerRun(100, func() { Redact(f, Where{Path: "x.pcap"}, p) }); n > 2 {
		t.Errorf("Redact: %v allocations", n)
	}
	r, a := Redactor{Policy: p}, Alert{}
	if n := testing.AllocsPerRun(100, func() { r.To(&a, f, Where{Path: "x.pcap"}) }); n != 0 {
		t.Errorf("To: %v allocations", n)
	}
	a = Redact(f, Where{Path: "x.pcap"}, p)
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = a.AppendJSON(buf[:0]) }); n != 0 {
		t.Errorf("AppendJSON: %v allocations", n)
	}
}

func BenchmarkRedact(b *testing.B) {
	f, p := judge(b, login()), &Policy{Version: "1"}
	b.ReportAllocs()
	for b.Loop() {
		Redact(f, Where{Path: "x.pcap"}, p)
	}
}

func BenchmarkRedactor(b *testing.B) {
	f, r, a := judge(b, login()), Redactor{Policy: &Policy{Version: "1"}}, Alert{}
	b.ReportAllocs()
	for b.Loop() {
		r.To(&a, f, Where{Path: "x.pcap"})
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	a := Redact(judge(b, login()), Where{Path: "x.pcap"}, &Policy{Version: "1"})
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = a.AppendJSON(buf[:0])
	}
}

func TestIDsAreBase32(t *testing.T) {
	for i := range 100 {
		sum := sha256.Sum256([]byte{byte(i)})
		if got, want := string(appendID(nil, &sum)), base32.StdEncoding.EncodeToString(sum[:])[:26]; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

// One redactor gives what one for each alert does, whatever the order of the times.
func TestRedactorIsRedact(t *testing.T) {
	p := &Policy{Version: "1"}
	r, a := Redactor{Policy: p}, Alert{}
	for i := range 2000 {
		o := login()
		o.Mark.Time += capture.Nanos(i*i%17-8) * 700e6
		o.Flow.Start = o.Mark.Time - capture.Nanos(i%9)*900e6
		if i%50 == 0 {
			o.Mark.Time = -o.Mark.Time
		}
		f := judge(t, o)
		r.To(&a, f, Where{Path: "x.pcap"})
		if want := Redact(f, Where{Path: "x.pcap"}, p); !reflect.DeepEqual(a, want) {
			t.Fatalf("got  %+v\nwant %+v", a, want)
		}
		if want := timeText(f.Flow.Start); a.Event.Start != want {
			t.Fatalf("%q, want %q", a.Event.Start, want)
		}
	}
}

// What Redact gave stays as it is, and so does what NewRecord took of an alert whose
// redactor goes on.
func TestTextsLast(t *testing.T) {
	p := &Policy{Version: "1"}
	r, a := Redactor{Policy: p}, Alert{}
	first := login()
	own := Redact(judge(t, first), Where{Path: "x.pcap"}, p)
	r.To(&a, judge(t, first), Where{Path: "x.pcap"})
	record, id, message := NewRecord(&a), strings.Clone(a.Event.ID), strings.Clone(a.Message)
	other := login()
	other.Attempt.Identity = "somebody with a longer name"
	other.Mark.Time += 1e9
	r.To(&a, judge(t, other), Where{Path: "x.pcap"})
	if own.Message != message || own.Event.ID != id {
		t.Errorf("%q %s, want %q %s", own.Message, own.Event.ID, message, id)
	}
	if record.ID != id || a.Event.ID == id || a.Message == message {
		t.Errorf("record %s, then %s %q", record.ID, a.Event.ID, a.Message)
	}
}
