package detectors_test

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	d "cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/docs"
)

// login is an attempt with a secret, both sides seen.
func login(protocol string, cmd d.Command, m d.Mechanism, c d.Class, r d.Result, change ...func(*d.Observation)) d.Observation {
	o := d.Observation{
		Kind: d.Login, Protocol: protocol, Sides: 2, Result: r,
		Attempt: d.Attempt{Command: cmd, Mechanism: m, Class: c, Identity: "alice", Secret: secret.Of(nil)},
	}
	for _, f := range change {
		f(&o)
	}
	return o
}

func weak(o *d.Observation)    { o.Attempt.Weak = true }
func oneSide(o *d.Observation) { o.Sides = 1 }
func sealed(o *d.Observation)  { o.Attempt.Sealed = true }
func authzid(o *d.Observation) { o.Attempt.Authzid = "boss" }
func bare(o *d.Observation)    { o.Attempt.Secret = secret.Secret{} }

var notAccepted = []d.Result{d.Failure, d.TempFail, d.Expired, d.Aborted, d.Unknown}

// verdict is an observation, and what is to be said about it. The last column is the row of the rule's
// page that the observation belongs to.
type verdict struct {
	name string
	o    d.Observation
	rule string
	sev  d.Severity
	row  string
}

const (
	accepted  = "the server accepted the login"
	otherwise = "any other outcome, or none seen"
	always    = "always"
)

func verdicts() []verdict {
	var all []verdict
	add := func(rule string, sev d.Severity, row string, o d.Observation) {
		name := fmt.Sprint(rule, " ", o.Protocol, " ", o.Attempt.Command, " ", o.Attempt.Mechanism, " ", o.Attempt.Class, " ", o.Result)
		all = append(all, verdict{name, o, rule, sev, row})
	}
	passwords := []struct {
		rule, protocol string
		cmd            d.Command
		mech           d.Mechanism
	}{
		{"CT-CRED-001", "pop3", d.UserPass, d.MechUserPass},
		{"CT-CRED-002", "imap", d.LoginCommand, d.MechLogin},
		{"CT-CRED-003", "imap", d.Authenticate, d.MechLogin},
		{"CT-CRED-003", "imap", d.Authenticate, d.MechPlain},
		{"CT-CRED-003", "pop3", d.Auth, d.MechPlain},
		{"CT-CRED-003", "smtp", d.Auth, d.MechLogin},
		{"CT-CRED-003", "lmtp", d.Auth, d.MechPlain},
		{"CT-CRED-003", "smtp", d.Auth, d.MechPlainClientToken},
		{"CT-CRED-003", "smtp", d.Auth, d.MechExternal}, // with a password in it
		{"CT-CRED-003", "smtp", d.Auth, d.MechNTLM},
		{"CT-CRED-003", "imap", d.Authenticate, d.MechSCRAMSHA256},
		{"CT-CRED-003", "pop3", d.Auth, d.MechGSSAPI},
		{"CT-CRED-004", "nntp", d.UserPass, d.MechUserPass},
		{"CT-CRED-004", "nntp", d.Auth, d.MechPlain},
		{"CT-CRED-004", "managesieve", d.Authenticate, d.MechPlain},
		{"CT-CRED-004", "acap", d.Authenticate, d.MechLogin},
	}
	for _, p := range passwords {
		add(p.rule, d.Critical, accepted, login(p.protocol, p.cmd, p.mech, d.Password, d.Success))
		for _, r := range notAccepted {
			add(p.rule, d.High, otherwise, login(p.protocol, p.cmd, p.mech, d.Password, r))
		}
	}
	for _, m := range []d.Mechanism{d.MechXOAUTH2, d.MechOAuthBearer, d.MechXOAUTH, d.MechOAuth10A} {
		for _, r := range append(notAccepted, d.Success) {
			add("CT-CRED-005", d.Critical, always, login("imap", d.Authenticate, m, d.Token, r))
		}
	}
	for _, r := range append(notAccepted, d.Success) {
		for _, m := range []d.Mechanism{d.MechNTLM, d.MechGSSSPNEGO, d.MechNegotiate, d.MechSPNEGO, d.MechGSSAPI} {
			add("CT-CRED-006", d.Medium, "NTLM version 2", login("smtp", d.Auth, m, d.Hash, r))
			add("CT-CRED-006", d.High, "NTLM version 1, or LAN Manager alone", login("smtp", d.Auth, m, d.Hash, r, weak))
		}
		for _, m := range []d.Mechanism{d.MechAPOP, d.MechCRAMMD5, d.MechCRAMSHA256, d.MechDigestMD5, d.MechOTP, d.MechSKey} {
			add("CT-CRED-007", d.Medium, "challenge and answer both seen", login("pop3", d.Auth, m, d.Hash, r))
			add("CT-CRED-007", d.Low, "only the client's side seen, or APOP without a challenge in the greeting", login("pop3", d.Auth, m, d.Hash, r, oneSide))
		}
		add("CT-CRED-007", d.Low, "only the client's side seen, or APOP without a challenge in the greeting", login("pop3", d.APOPCommand, d.MechAPOP, d.Relay, r))
		for _, m := range []d.Mechanism{d.MechSCRAMSHA1, d.MechSCRAMSHA256, d.MechSCRAMSHA256Plus, d.MechSCRAMSHA3512} {
			add("CT-CRED-008", d.Low, "SCRAM as it should be", login("smtp", d.Auth, m, d.Hash, r))
			add("CT-CRED-008", d.Medium, "fewer than 4096 iterations, or a client that saw no channel binding where the server offered it", login("smtp", d.Auth, m, d.Hash, r, weak))
		}
		const odd = "a shape that nobody knows, a digest, NTLM, or a one-time passcode"
		add("CT-CRED-009", d.Medium, odd, login("imap", d.Authenticate, d.MechUnknown, "", r))
		add("CT-CRED-009", d.Medium, odd, login("imap", d.Authenticate, d.MechUnknown, d.Hash, r))
		add("CT-CRED-009", d.Medium, odd, login("imap", d.Authenticate, d.MechSecurID, d.Token, r))
		add("CT-CRED-009", d.Critical, "looks like a bearer token", login("imap", d.Authenticate, d.MechUnknown, d.Token, r))
		add("CT-CRED-012", d.Critical, always, login("imap", d.Authenticate, d.MechPlain, d.Password, r, authzid))
		add("CT-CRED-012", d.Critical, always, login("imap", d.Authenticate, d.MechSCRAMSHA1, d.Hash, r, authzid, sealed))
	}
	for _, r := range notAccepted {
		add("CT-CRED-009", d.High, "looks like a password, not accepted", login("nntp", d.Auth, d.MechUnknown, d.Password, r))
		add("CT-CRED-011", d.High, "not a token, and not a password that was accepted", login("imap", d.LoginCommand, d.MechLogin, d.Password, r, sealed))
	}
	add("CT-CRED-009", d.Critical, "looks like a password, accepted", login("nntp", d.Auth, d.MechUnknown, d.Password, d.Success))
	add("CT-CRED-011", d.High, "not a token, and not a password that was accepted", login("imap", d.Authenticate, d.MechCRAMMD5, d.Hash, d.Success, sealed))
	add("CT-CRED-011", d.Critical, "a password that was accepted, or an access token", login("imap", d.LoginCommand, d.MechLogin, d.Password, d.Success, sealed))
	add("CT-CRED-011", d.Critical, "a password that was accepted, or an access token", login("imap", d.Authenticate, d.MechXOAUTH2, d.Token, d.Failure, sealed))
	const kept = "a password or anything that is not an access token"
	add("CT-CRED-010", d.High, kept, login("imap", d.LoginCommand, d.MechLogin, d.Password, d.RefusedInsecure))
	add("CT-CRED-010", d.High, kept, login("imap", d.LoginCommand, d.MechLogin, d.Password, d.RefusedInsecure, sealed))
	add("CT-CRED-010", d.High, kept, login("smtp", d.Auth, d.MechSCRAMSHA1, d.Hash, d.RefusedInsecure))
	add("CT-CRED-010", d.High, kept, login("smtp", d.Auth, d.MechUnknown, "", d.RefusedInsecure))
	add("CT-CRED-010", d.Critical, "an access token", login("smtp", d.Auth, d.MechXOAUTH2, d.Token, d.RefusedInsecure))
	add("CT-CRED-010", d.Critical, "a login for another account", login("smtp", d.Auth, d.MechPlain, d.Password, d.RefusedInsecure, authzid))
	add("CT-NET-001", d.Medium, always, d.Observation{Kind: d.Conflict, Protocol: "imap"})
	return all
}

func TestJudge(t *testing.T) {
	for _, v := range verdicts() {
		f, ok := d.Judge(&v.o)
		if !ok || f.Rule.ID != v.rule || f.Severity != v.sev {
			t.Errorf("%s: got %v %v, want %v", v.name, ok, f.Severity, v.sev)
			continue
		}
		if f.Kind != v.o.Kind || f.Attempt != v.o.Attempt || f.Result != v.o.Result {
			t.Errorf("%s: the finding is about something else", v.name)
		}
	}
}

func TestNoSecretNoFinding(t *testing.T) {
	for _, v := range verdicts() {
		if v.o.Kind != d.Login {
			continue
		}
		bare(&v.o)
		if f, ok := d.Judge(&v.o); ok {
			t.Errorf("%s: %s without a secret", v.name, f.Rule.ID)
		}
	}
	if _, ok := d.Judge(&d.Observation{}); ok {
		t.Error("an observation of no kind is a finding")
	}
}

func TestJudgeSameAuthzid(t *testing.T) {
	o := login("imap", d.Authenticate, d.MechPlain, d.Password, d.Success)
	o.Attempt.Authzid = o.Attempt.Identity
	if f, _ := d.Judge(&o); f.Rule.ID != "CT-CRED-003" {
		t.Errorf("who acts as himself is reported as %s", f.Rule.ID)
	}
}

func TestJudgeAllocatesNothing(t *testing.T) {
	all := verdicts()
	if n := testing.AllocsPerRun(10, func() {
		for i := range all {
			d.Judge(&all[i].o)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCatalogue(t *testing.T) {
	id := regexp.MustCompile(`^CT-(CRED|AUTH|TLS|INV|CLNT|NET)-\d{3}$`)
	first := map[string]int{"CRED": 0, "AUTH": 100, "TLS": 200, "INV": 300, "CLNT": 400, "NET": 500}
	var last string
	sids := map[int]bool{}
	for _, r := range d.Rules() {
		m := id.FindStringSubmatch(r.ID)
		if m == nil || r.Name == "" || r.Category == "" || r.Version < 1 || len(r.Techniques) == 0 || len(r.CWE) == 0 || len(r.CAPEC) == 0 {
			t.Errorf("%s is not complete", r.ID)
			continue
		}
		var number int
		fmt.Sscanf(path.Base(strings.ReplaceAll(r.ID, "-", "/")), "%d", &number)
		if want := 1_850_000 + first[m[1]] + number; r.SID != want || sids[r.SID] {
			t.Errorf("%s has the signature id %d, want %d", r.ID, r.SID, want)
		}
		sids[r.SID] = true
		if r.ID <= last {
			t.Errorf("%s is not in order", r.ID)
		}
		last = r.ID
		if got, ok := d.RuleByID(r.ID); !ok || got != r {
			t.Errorf("%s is not found", r.ID)
		}
	}
	if _, ok := d.RuleByID("CT-CRED-000"); ok {
		t.Error("a rule that is not there was found")
	}
}

func TestSeverityString(t *testing.T) {
	for s, want := range map[d.Severity]string{
		0: "info", 20: "info", d.Low: "low", d.Medium: "medium", 50: "medium", d.High: "high", d.Critical: "critical", 255: "critical",
	} {
		if s.String() != want {
			t.Errorf("%d is %s, want %s", uint8(s), s, want)
		}
	}
}

// page is what a rule's page must say in its own words: title and table of facts.
func page(r *d.Rule) string {
	var techniques []string
	for _, k := range r.Techniques {
		if k.SubID != "" {
			techniques = append(techniques, k.SubID+" "+k.Name+": "+k.SubName)
		} else {
			techniques = append(techniques, k.ID+" "+k.Name)
		}
	}
	return fmt.Sprintf("# %s: %s\n\n| | |\n|---|---|\n| Category | %s |\n| Version | %d |\n| EVE signature | 1:%d |\n| ATT&CK | %s |\n| CWE | %s |\n| CAPEC | %s |\n\n",
		r.ID, r.Name, r.Category, r.Version, r.SID, strings.Join(techniques, ", "), strings.Join(r.CWE, ", "), strings.Join(r.CAPEC, ", "))
}

// section is the text below a heading of the second level.
func section(text, heading string) string {
	_, rest, _ := strings.Cut(text, "\n## "+heading+"\n")
	body, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(body)
}

func TestPages(t *testing.T) {
	rows := map[string][]string{d.SensorQuality.ID: {"| always | medium |"}} // no observation leads to it
	for _, r := range d.Rules() {
		if r.Category == "authentication" || r.Category == "client" || r.Category == "inventory" { // detectors/signals and the inventory report them
			rows[r.ID] = []string{"| always | " + r.Floor().String() + " |"}
		}
	}
	rows[d.LostOffer.ID] = []string{"| other clients are still offered it | high |", "| nobody is offered it any more | medium |"}
	rows[d.PlainFallback.ID] = []string{"| always | high |"}
	for _, v := range append(verdicts(), tlsVerdicts()...) {
		row := "| " + v.row + " | " + v.sev.String() + " |"
		if !slices.Contains(rows[v.rule], row) {
			rows[v.rule] = append(rows[v.rule], row)
		}
	}
	index, err := docs.Rules.ReadFile("rules/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range d.Rules() {
		text, remediation, err := docs.Rule(r.ID)
		if err != nil || !strings.Contains(remediation, "| Dovecot 2.4 |") {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		if want := page(r); !strings.HasPrefix(text, want) {
			t.Errorf("%s begins otherwise than the catalogue says, which is:\n%s", r.ID, want)
		}
		for _, h := range []string{"What it means", "Why it matters", "False positives", "What to do", "References"} {
			if len(section(text, h)) < 40 {
				t.Errorf("%s says nothing under %q", r.ID, h)
			}
		}
		table := strings.Split(section(text, "Severity"), "\n")[2:]
		slices.Sort(table)
		slices.Sort(rows[r.ID])
		if !slices.Equal(table, rows[r.ID]) {
			t.Errorf("%s: its table of severities is\n%s\nbut it should be\n%s", r.ID, strings.Join(table, "\n"), strings.Join(rows[r.ID], "\n"))
		}
		if !strings.Contains(string(index), "| ["+r.ID+"]("+r.ID+".md) | "+r.Name+" | "+r.Category+" |") {
			t.Errorf("%s is not in the index", r.ID)
		}
	}
}

// TestPagesHaveRules shows that no page is about a rule that is gone, and that links lead somewhere.
func TestPagesHaveRules(t *testing.T) {
	files, err := fs.Glob(docs.Rules, "rules/*.md")
	if err != nil || len(files) < len(d.Rules())+3 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".md")
		if _, ok := d.RuleByID(name); !ok && strings.HasPrefix(name, "CT-") {
			t.Errorf("%s is about no rule", f)
		}
		text, err := docs.Rules.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := fs.Stat(docs.Rules, path.Join("rules", m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", f, m[1])
			}
		}
	}
	for _, id := range []string{"", "CT-CRED-000", "../rules/README", "remediation/..", "/etc/passwd"} {
		if p, _, err := docs.Rule(id); err == nil {
			t.Errorf("%q has a page of %d bytes", id, len(p))
		}
	}
}
