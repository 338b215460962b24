package detectors

// sidBase is where our signature ids begin. A rule's number is fixed: CRED 1-99,
// AUTH 101-199, TLS 201-299, INV 301-399, CLNT 401-499, NET 501-599.
const sidBase = 1_850_000

// Rules is the catalogue in the order of ids. It is made anew for each call; the rules are not, and are not to be changed.
func Rules() []*Rule {
	return []*Rule{
		BruteForce, Spraying, Stuffing, Distributed, GuessedRight, ManyPlaces, SamePassword, Enumeration, LowAndSlow, StaleClient,
		rulePOP3, ruleIMAPLogin, ruleSASLPassword, ruleOtherLogin, ruleToken, ruleNTLM, ruleChallenge,
		ruleSCRAM, ruleOdd, ruleRefused, ruleSealed, ruleProxyLogin,
		ExposedServer, AccessibleServer,
		ruleConflict, SensorQuality,
		ruleMasked, LostOffer, PlainFallback, ruleCommands, ruleReplies, ruleMisled, ruleObsoleteTLS, ruleWeakSuite, ruleCertificate, rulePlainPort,
	}
}

// RuleByID finds a rule of the catalogue.
func RuleByID(id string) (*Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return nil, false
}

// The techniques of ATT&CK that rules name.
var (
	sniffing    = Technique{ID: "T1040", Name: "Network Sniffing"}
	unsecured   = Technique{ID: "T1552", Name: "Unsecured Credentials"}
	accounts    = Technique{ID: "T1078", Name: "Valid Accounts"}
	cracking    = Technique{ID: "T1110", Name: "Brute Force", SubID: "T1110.002", SubName: "Password Cracking"}
	tokenTheft  = Technique{ID: "T1528", Name: "Steal Application Access Token"}
	tokenUse    = Technique{ID: "T1550", Name: "Use Alternate Authentication Material", SubID: "T1550.001", SubName: "Application Access Token"}
	inTheMiddle = Technique{ID: "T1557", Name: "Adversary-in-the-Middle"}
)

// credential makes a rule about a secret on the wire.
func credential(id, name string, number int, floor Severity, w weakness, t ...Technique) *Rule {
	return &Rule{
		ID: id, Name: name, Category: "credential", Version: 1, SID: sidBase + number, floor: floor,
		Techniques: t, CWE: w.cwe, CAPEC: w.capec,
	}
}

// The rules about credentials. Class and outcome raise the severity above their floor.
var (
	rulePOP3         = credential("CT-CRED-001", "POP3 USER/PASS without TLS", 1, High, readable, sniffing, unsecured)
	ruleIMAPLogin    = credential("CT-CRED-002", "IMAP LOGIN without TLS", 2, High, readable, sniffing, unsecured)
	ruleSASLPassword = credential("CT-CRED-003", "SASL PLAIN or LOGIN without TLS", 3, High, readable, sniffing, unsecured)
	ruleOtherLogin   = credential("CT-CRED-004", "ManageSieve or NNTP login without TLS", 4, High, readable, sniffing, unsecured)
	ruleToken        = credential("CT-CRED-005", "Access token without TLS", 5, Critical, replayable, sniffing, tokenTheft, tokenUse)
	ruleNTLM         = credential("CT-CRED-006", "NTLM login without TLS", 6, Medium, guessable, sniffing, cracking)
	ruleChallenge    = credential("CT-CRED-007", "Challenge-response login without TLS", 7, Low, guessable, sniffing, cracking)
	ruleSCRAM        = credential("CT-CRED-008", "SCRAM login without TLS", 8, Low, costly, sniffing, cracking)
	ruleOdd          = credential("CT-CRED-009", "Unusual login mechanism without TLS", 9, Medium, readable, sniffing)
	ruleRefused      = credential("CT-CRED-010", "Login sent to a server that refuses it without TLS", 10, High, readable, sniffing, unsecured)
	ruleSealed       = credential("CT-CRED-011", "Login without TLS behind COMPRESS or UNAUTHENTICATE", 11, High, readable, sniffing, unsecured)
	ruleProxyLogin   = credential("CT-CRED-012", "Proxy login without TLS", 12, Critical, readable, sniffing, unsecured, accounts)
)

// ruleConflict is about the transport below a dialogue.
var ruleConflict = &Rule{
	ID: "CT-NET-001", Name: "Conflicting TCP segments in a mail dialogue", Category: "network", Version: 1, SID: sidBase + 501, floor: Medium,
	Techniques: []Technique{inTheMiddle}, CWE: []string{"CWE-300"}, CAPEC: []string{"CAPEC-94"},
}

// SensorQuality is the rule about what the sensor itself could not tell. No
// observation leads to it: the wiring reports it.
var SensorQuality = &Rule{
	ID: "CT-NET-002", Name: "Alerts held back by the sensor", Category: "network", Version: 1, SID: sidBase + 502, floor: Medium,
	Techniques: []Technique{{ID: "T1562", Name: "Impair Defenses"}}, CWE: []string{"CWE-223"}, CAPEC: []string{"CAPEC-125"},
}

// weakness is what CWE and CAPEC call a way to lose a secret.
type weakness struct{ cwe, capec []string }

var (
	readable   = weakness{[]string{"CWE-319", "CWE-522", "CWE-523"}, []string{"CAPEC-158"}}
	replayable = weakness{[]string{"CWE-319", "CWE-522", "CWE-294"}, []string{"CAPEC-158", "CAPEC-102"}}
	guessable  = weakness{[]string{"CWE-319", "CWE-522", "CWE-328"}, []string{"CAPEC-158", "CAPEC-16", "CAPEC-49"}}
	costly     = weakness{[]string{"CWE-319", "CWE-522", "CWE-916"}, []string{"CAPEC-158", "CAPEC-16", "CAPEC-49"}}
)
