package inventory

import (
	"strings"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/internal/geoip"
)

// View is a server as people and programs are shown it. What is not known is absent.
type View struct {
	IP             string           `json:"ip"`
	Port           int              `json:"port"`
	Protocol       string           `json:"protocol"`
	Product        string           `json:"product,omitempty"`
	Version        string           `json:"version,omitempty"`
	Host           string           `json:"host,omitempty"`
	Banner         string           `json:"banner,omitempty"`
	Grade          string           `json:"grade,omitempty"`    // tls_required, plaintext_allowed, plaintext_only
	StartTLS       string           `json:"starttls,omitempty"` // required, offered, not_offered
	ImplicitTLS    bool             `json:"implicit_tls"`
	PlaintextLogin bool             `json:"plaintext_login"` // it offers or takes logins that show the password
	LoginDisabled  bool             `json:"logindisabled,omitempty"`
	Masked         bool             `json:"masked,omitempty"`     // something rewrites what it says
	Mechanisms     []string         `json:"mechanisms,omitempty"` // offered in clear
	TLS            []VersionView    `json:"tls,omitempty"`
	Suite          string           `json:"suite,omitempty"`
	SNI            string           `json:"sni,omitempty"`
	Certificate    *CertificateView `json:"certificate,omitempty"`
	Sessions       uint64           `json:"sessions"`
	Encrypted      uint64           `json:"encrypted_sessions"`
	Logins         uint64           `json:"cleartext_logins"`
	Accepted       uint64           `json:"cleartext_logins_accepted"`
	Clients        int              `json:"clients"`
	Accounts       int              `json:"accounts"` // that were shown without TLS
	Inside         bool             `json:"inside"`   // in the home networks
	Country        string           `json:"country,omitempty"`
	City           string           `json:"city,omitempty"`
	Region         string           `json:"region,omitempty"`
	ASN            uint32           `json:"asn,omitempty"`
	Owner          string           `json:"owner,omitempty"`
	FirstSeen      string           `json:"first_seen"`
	LastSeen       string           `json:"last_seen"`

	server *Server
}

// VersionView is a version of TLS and how many handshakes it had.
type VersionView struct {
	Version    string `json:"version"`
	Handshakes uint64 `json:"handshakes"`
}

// CertificateView is what people want to know of a certificate.
type CertificateView struct {
	Subject   string   `json:"subject,omitempty"`
	Issuer    string   `json:"issuer,omitempty"`
	NotBefore string   `json:"not_before,omitempty"`
	NotAfter  string   `json:"not_after,omitempty"`
	Key       string   `json:"key,omitempty"`
	Signature string   `json:"signature,omitempty"`
	SHA256    string   `json:"sha256"`
	Problems  []string `json:"problems,omitempty"` // at the time of the packets
}

// Views gives all servers, ordered by address, port and protocol. places may be nil.
func (v *Inventory) Views(places *geoip.DB) []View {
	servers := v.Servers()
	out := make([]View, len(servers))
	for i, s := range servers {
		out[i] = s.view(places)
	}
	return out
}

func (s *Server) view(places *geoip.DB) View {
	place := places.Lookup(s.Addr.Addr())
	x := View{
		IP: s.Addr.Addr().String(), Port: int(s.Addr.Port()), Protocol: s.Protocol, Product: s.Product, Version: s.Version, Host: s.Host,
		Banner: s.Banner, Grade: string(s.Grade()), StartTLS: s.startTLS(), ImplicitTLS: s.Implicit, PlaintextLogin: s.Plaintext,
		LoginDisabled: s.LoginDisabled, Masked: s.Masked, Suite: s.Suite, SNI: s.SNI, Sessions: s.Sessions, Encrypted: s.Encrypted,
		Logins: s.Logins, Accepted: s.Accepted, Clients: s.Clients.Count(), Accounts: s.Accounts.Count(), Inside: !s.External,
		Country: place.Country, City: place.City, Region: place.Region, ASN: place.ASN, Owner: place.Owner,
		FirstSeen: text(s.First), LastSeen: text(s.Last), server: s,
	}
	for _, m := range s.Mechanisms.List() {
		x.Mechanisms = append(x.Mechanisms, string(m))
	}
	for i, n := range s.Versions {
		if n > 0 && versionList[i] != 0 {
			x.TLS = append(x.TLS, VersionView{versionList[i].String(), n})
		}
	}
	if c := s.Certificate; c != nil {
		x.Certificate = &CertificateView{Subject: c.Subject.CommonName, Issuer: issuer(c), SHA256: c.SHA256, Signature: c.SignatureAlgorithm, Problems: s.Faults.Words()}
		if !c.Unreadable {
			x.Certificate.NotBefore, x.Certificate.NotAfter = text(c.NotBefore), text(c.NotAfter)
			x.Certificate.Key = strings.TrimSpace(c.KeyAlgorithm + " " + decimal(c.KeyBits))
		}
	}
	return x
}

func issuer(c *detectors.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.Organization
}

// startTLS says what is known of STARTTLS: nothing, as long as the server was not asked.
func (s *Server) startTLS() string {
	switch {
	case s.StartTLS && !s.Plaintext && (s.Required || s.LoginDisabled):
		return "required"
	case s.StartTLS:
		return "offered"
	case s.Telling >= leastSessions && s.Telling > s.Encrypted:
		return "not_offered"
	}
	return ""
}

// text is a moment in UTC, to the second.
func text(t capture.Nanos) string {
	return time.Unix(0, int64(t)).UTC().Format("2006-01-02T15:04:05Z")
}
