package detectors

// The techniques that rules about guessing name.
var (
	guessing   = Technique{ID: "T1110", Name: "Brute Force", SubID: "T1110.001", SubName: "Password Guessing"}
	spraying   = Technique{ID: "T1110", Name: "Brute Force", SubID: "T1110.003", SubName: "Password Spraying"}
	stuffing   = Technique{ID: "T1110", Name: "Brute Force", SubID: "T1110.004", SubName: "Credential Stuffing"}
	bruteForce = Technique{ID: "T1110", Name: "Brute Force"}
	discovery  = Technique{ID: "T1087", Name: "Account Discovery", SubID: "T1087.003", SubName: "Email Account"}
	downgrade  = Technique{ID: "T1562", Name: "Impair Defenses", SubID: "T1562.010", SubName: "Downgrade Attack"}
)

// authentication makes a rule about many logins together.
func authentication(id, name string, number int, floor Severity, w weakness, t ...Technique) *Rule {
	return &Rule{
		ID: id, Name: name, Category: "authentication", Version: 1, SID: sidBase + 100 + number, floor: floor,
		Techniques: t, CWE: w.cwe, CAPEC: w.capec,
	}
}

// Floor is the least severity of a finding of the rule.
func (r *Rule) Floor() Severity { return r.floor }

var (
	unlimited = weakness{[]string{"CWE-307", "CWE-521"}, []string{"CAPEC-49", "CAPEC-16"}}
	sprayable = weakness{[]string{"CWE-307", "CWE-521"}, []string{"CAPEC-565"}}
	stuffable = weakness{[]string{"CWE-307", "CWE-521"}, []string{"CAPEC-600"}}
	taken     = weakness{[]string{"CWE-307"}, []string{"CAPEC-560"}}
	reused    = weakness{[]string{"CWE-521", "CWE-522"}, []string{"CAPEC-600"}}
	telling   = weakness{[]string{"CWE-204"}, []string{"CAPEC-575"}}
)

// The rules of detectors/signals, which reports under them. No single observation leads to one.
var (
	BruteForce   = authentication("CT-AUTH-001", "Guessing at one account", 1, Medium, unlimited, guessing)
	Spraying     = authentication("CT-AUTH-002", "Spraying of many accounts", 2, High, sprayable, spraying)
	Stuffing     = authentication("CT-AUTH-003", "Stolen logins tried on many accounts", 3, High, stuffable, stuffing)
	Distributed  = authentication("CT-AUTH-004", "Guessing at one account from many addresses", 4, Medium, unlimited, guessing)
	GuessedRight = authentication("CT-AUTH-005", "Login accepted after guessing", 5, Critical, taken, bruteForce, accounts)
	ManyPlaces   = authentication("CT-AUTH-006", "Account used from many places at once", 6, Low, taken, accounts)
	SamePassword = authentication("CT-AUTH-007", "Credential reuse across accounts", 7, Low, reused, stuffing)
	Enumeration  = authentication("CT-AUTH-008", "Search for names of accounts", 8, Info, telling, discovery)
	LowAndSlow   = authentication("CT-AUTH-009", "Slow guessing over a day", 9, Medium, unlimited, bruteForce)
)

// StaleClient is about a client that goes on with a password that is not valid any more.
var StaleClient = &Rule{
	ID: "CT-CLNT-001", Name: "Client that repeats a refused login", Category: "client", Version: 1, SID: sidBase + 401, floor: Info,
	Techniques: []Technique{sniffing}, CWE: readable.cwe, CAPEC: readable.capec,
}
