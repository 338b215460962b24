package detectors

// sidBase is where our signature ids begin. A rule's number is fixed: CRED 1-99,
// AUTH 101-199, TLS 201-299, INV 301-399, CLNT 401-499, NET 501-599.
const sidBase = 1_850_000

// Rules is the catalogue in the order of ids. It is made anew for each call; the rules are not, and are not to be changed.
func Rules() []*Rule {
	return []*Rule{
		rulePOP3, ruleIMAPLogin, ruleSASLPassword, ruleOtherLogin, ruleToken, ruleNTLM, ruleChallenge,
		ruleSCRAM, ruleOdd, ruleRefused, ruleSealed, ruleProxyLogin,
		ruleConflict,
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
func credential(id, name string, number int, floor Severity, cwe []string, t ...Technique) *Rule {
	return &Rule{
		ID: id, Name: name, Category: "credential", Version: 1, SID: sidBase + number, floor: floor,
		Techniques: t, CWE: cwe, CAPEC: []string{"CAPEC-158"},
	}
}

// The rules about credentials. Their floors are those of protocols' worst safe case;
// class and outcome raise them.
var (
	rulePOP3         = credential("CT-CRED-001", "POP3 password login without TLS", 1, High, passwordCWE, sniffing, unsecured)
	ruleIMAPLogin    = credential("CT-CRED-002", "IMAP LOGIN without TLS", 2, High, passwordCWE, sniffing, unsecured)
	ruleSASLPassword = credential("CT-CRED-003", "SASL password login without TLS", 3, High, passwordCWE, sniffing, unsecured)
	ruleOtherLogin   = credential("CT-CRED-004", "NNTP or ManageSieve password login without TLS", 4, High, passwordCWE, sniffing, unsecured)
	ruleToken        = credential("CT-CRED-005", "Bearer token sent without TLS", 5, Critical, tokenCWE, sniffing, tokenTheft, tokenUse)
	ruleNTLM         = credential("CT-CRED-006", "NTLM login without TLS", 6, Medium, hashCWE, sniffing, cracking)
	ruleChallenge    = credential("CT-CRED-007", "Challenge-response login without TLS", 7, Low, hashCWE, sniffing, cracking)
	ruleSCRAM        = credential("CT-CRED-008", "SCRAM login without TLS", 8, Low, hashCWE, sniffing, cracking)
	ruleOdd          = credential("CT-CRED-009", "Unusual login mechanism without TLS", 9, Medium, oddCWE, sniffing)
	ruleRefused      = credential("CT-CRED-010", "Login refused for lack of TLS, secret sent anyway", 10, High, passwordCWE, sniffing, unsecured)
	ruleSealed       = credential("CT-CRED-011", "Login after COMPRESS or UNAUTHENTICATE without TLS", 11, High, passwordCWE, sniffing, unsecured)
	ruleProxyLogin   = credential("CT-CRED-012", "Login for another account without TLS", 12, Critical, passwordCWE, sniffing, unsecured, accounts)
)

// ruleConflict is about the transport below a dialogue.
var ruleConflict = &Rule{
	ID: "CT-NET-001", Name: "Conflicting TCP data in a client's line", Category: "network", Version: 1, SID: sidBase + 501, floor: Medium,
	Techniques: []Technique{inTheMiddle}, CWE: []string{"CWE-300"}, CAPEC: []string{"CAPEC-94"},
}

// The weaknesses that rules share.
var (
	passwordCWE = []string{"CWE-319", "CWE-522", "CWE-523"}
	tokenCWE    = []string{"CWE-319", "CWE-522", "CWE-294"}
	hashCWE     = []string{"CWE-319", "CWE-522", "CWE-916"}
	oddCWE      = []string{"CWE-319", "CWE-522"}
)
