package detectors

// Command is the protocol command that carried a login.
type Command string

// The commands of a login; the list is closed.
const (
	UserPass     Command = "USER/PASS"    // POP3, RFC 1939 section 7; NNTP AUTHINFO USER/PASS
	APOPCommand  Command = "APOP"         // POP3, RFC 1939 section 7
	LoginCommand Command = "LOGIN"        // IMAP, RFC 9051 section 6.2.3
	Authenticate Command = "AUTHENTICATE" // IMAP, ManageSieve
	Auth         Command = "AUTH"         // SMTP, LMTP, POP3; NNTP AUTHINFO SASL
)

// Mechanism names how the client authenticated. The list is closed: what is on
// the wire never becomes a Mechanism unless it is one of these.
type Mechanism string

// Class says what an eavesdropper gains from an attempt.
type Class string

// The classes, worst first.
const (
	Password Class = "password" // the password itself
	Token    Class = "token"    // something that can be replayed until it expires
	Hash     Class = "hash"     // something that can be guessed offline
	Relay    Class = "relay"    // something that can be relayed, hardly guessed
	Strong   Class = "strong"   // nothing of use
	Identity Class = "identity" // a name only
)

// Result is the outcome of an attempt.
type Result string

// The results; their mapping from replies is in each protocol's folder.
const (
	Success         Result = "success"
	Failure         Result = "failure"
	TempFail        Result = "tempfail"
	RefusedInsecure Result = "refused_insecure" // refused because the connection is not secure; the secret was sent all the same
	Expired         Result = "expired"
	Aborted         Result = "aborted"
	Unknown         Result = "unknown"
)

// Reply is a server's status of a closed list, such as "535 5.7.8" or
// "NO [AUTHENTICATIONFAILED]". Server text never becomes a Reply.
type Reply string
