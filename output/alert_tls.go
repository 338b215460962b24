package output

// TLS is the tls object of ECS: what client and server agreed on.
type TLS struct {
	Version         string    `json:"version,omitempty"`
	VersionProtocol string    `json:"version_protocol,omitempty"`
	Cipher          string    `json:"cipher,omitempty"`
	Curve           string    `json:"curve,omitempty"`
	NextProtocol    string    `json:"next_protocol,omitempty"`
	Established     bool      `json:"established"`
	Resumed         bool      `json:"resumed"`
	Client          TLSClient `json:"client,omitzero"`
	Server          TLSServer `json:"server,omitzero"`
}

// TLSClient is the tls.client object of ECS.
type TLSClient struct {
	ServerName string `json:"server_name,omitempty"`
}

// TLSServer is the tls.server object of ECS: of the certificate, up to TLS 1.2.
type TLSServer struct {
	Subject   string  `json:"subject,omitempty"`
	Issuer    string  `json:"issuer,omitempty"`
	NotBefore string  `json:"not_before,omitempty"`
	NotAfter  string  `json:"not_after,omitempty"`
	Hash      TLSHash `json:"hash,omitzero"`
	X509      X509    `json:"x509,omitzero"`
}

// TLSHash is the tls.server.hash object of ECS.
type TLSHash struct {
	SHA256 string `json:"sha256,omitempty"`
}

// X509 is the tls.server.x509 object of ECS.
type X509 struct {
	SerialNumber       string `json:"serial_number,omitempty"`
	PublicKeyAlgorithm string `json:"public_key_algorithm,omitempty"`
	PublicKeySize      int    `json:"public_key_size,omitempty"`
	SignatureAlgorithm string `json:"signature_algorithm,omitempty"`
}

// TLSFinding is what is wrong on the way to TLS, or with it. All lists are of words
// of closed lists.
type TLSFinding struct {
	ClientVersion string   `json:"client_version,omitempty"` // the highest that the client offers
	JA4           string   `json:"ja4,omitempty"`            // fingerprint of the client
	Problems      []string `json:"problems,omitempty"`       // of version, suite or certificate
	Downgraded    bool     `json:"downgraded,omitempty"`     // the server says that both know a better version
	Offered       []string `json:"offered,omitempty"`        // what the server offered in clear
	Masked        int      `json:"masked,omitempty"`         // capabilities that were made illegible
	Stripped      []string `json:"stripped,omitempty"`       // what the server offered before and does not now
	Baseline      []string `json:"baseline,omitempty"`       // what it offered before
	Upgrade       string   `json:"upgrade,omitempty"`        // how the client's try at TLS ended before it logged in without
	Injected      []string `json:"injected,omitempty"`       // verbs of commands, or words of replies
	InjectedBy    string   `json:"injected_by,omitempty"`    // client or server: whose side of the connection holds it
	Referral      string   `json:"referral,omitempty"`       // host that the client was sent to
}

// ServerFinding is what the inventory knows of a server.
type ServerFinding struct {
	Product    string   `json:"product,omitempty"`
	Version    string   `json:"version,omitempty"`
	Grade      string   `json:"grade,omitempty"` // tls_required, plaintext_allowed or plaintext_only
	StartTLS   bool     `json:"starttls"`
	Mechanisms []string `json:"mechanisms,omitempty"` // offered in clear
	Sessions   int      `json:"sessions,omitempty"`
	Clients    int      `json:"clients,omitempty"`
	Accounts   int      `json:"accounts,omitempty"` // that were shown without TLS
	External   bool     `json:"external"`           // outside of the home networks
	FirstSeen  string   `json:"first_seen,omitempty"`
	LastSeen   string   `json:"last_seen,omitempty"`
}
