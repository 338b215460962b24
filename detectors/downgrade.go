package detectors

// Downgrade is what keeps a client from TLS that it could have had. It goes with
// findings of kind Regression and Fallback, and is not changed once it was reported.
type Downgrade struct {
	Stripped []string // Regression: what the server does not offer now, of StartTLSWord and LoginDisabledWord
	Baseline []string // Regression: what it offered in all sessions before
	Sessions int      // Regression: how many those were
	Partial  bool     // Regression: other clients are still offered it
	Upgrade  string   // Fallback: how the client's try at TLS ended: "rejected", "interrupted", "not_followed", "failed"
}

// The words of Downgrade.Stripped and Downgrade.Baseline.
const (
	StartTLSWord      = "STARTTLS"
	LoginDisabledWord = "LOGINDISABLED"
)

// The rules about what only several flows tell of TLS. detectors/signals reports them.
var (
	LostOffer     = transport("CT-TLS-002", "TLS no longer offered", 2, Medium, downgraded, inTheMiddle, downgrade)
	PlainFallback = transport("CT-TLS-003", "Login in clear after TLS failed", 3, High, downgraded, inTheMiddle, downgrade)
)
