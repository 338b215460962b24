package output

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
)

// Usernames says how much of a user name an alert shows.
type Usernames string

// The policies for user names. The zero value is UsernamesAuto.
const (
	UsernamesAuto      Usernames = "auto"      // full, but masked where the login failed: people type passwords into the wrong box
	UsernamesFull      Usernames = "full"      // as sent
	UsernamesMasked    Usernames = "masked"    // j***@example.org
	UsernamesPseudonym Usernames = "pseudonym" // HMAC-SHA-256 under Policy.PseudonymKey, 128 bits of it in hex
	UsernamesNone      Usernames = "none"      // absent
)

// Clients says how much of a client's address an alert shows.
type Clients string

// The policies for client addresses. The zero value is ClientsFull.
const (
	ClientsFull      Clients = "full"      // as seen
	ClientsPrefix    Clients = "prefix"    // the /24 (IPv6: /48) it is in
	ClientsPseudonym Clients = "pseudonym" // HMAC-SHA-256 under Policy.PseudonymKey in source.address, no source.ip
)

// MinPseudonymKey is the least length of Policy.PseudonymKey, in bytes.
const MinPseudonymKey = 32

// Policy says how much an alert shows, and what it says about the sensor
// itself. The zero value is the documented default.
type Policy struct {
	Usernames    Usernames
	Clients      Clients
	PseudonymKey []byte         // for the pseudonyms; at least MinPseudonymKey bytes
	RuleBase     string         // URL in front of docs/rules/<ID>.md in rule.reference; empty: no rule.reference
	SensorName   string         // observer.name; empty for scan
	Version      string         // observer.version
	HomeNets     []netip.Prefix // for network.direction; empty: RFC 1918 and RFC 4193
}

// Validate tells all that is wrong with the policy.
func (p *Policy) Validate() error {
	var errs []error
	switch p.Usernames {
	case "", UsernamesAuto, UsernamesFull, UsernamesMasked, UsernamesPseudonym, UsernamesNone:
	default:
		errs = append(errs, fmt.Errorf("user names %q: want auto, full, masked, pseudonym or none", p.Usernames))
	}
	switch p.Clients {
	case "", ClientsFull, ClientsPrefix, ClientsPseudonym:
	default:
		errs = append(errs, fmt.Errorf("clients %q: want full, prefix or pseudonym", p.Clients))
	}
	if p.Usernames == UsernamesPseudonym || p.Clients == ClientsPseudonym {
		errs = append(errs, checkKey(p.PseudonymKey))
	}
	return errors.Join(errs...)
}

func checkKey(key []byte) error {
	switch {
	case len(key) == 0:
		return errors.New("pseudonyms need a key")
	case len(key) < MinPseudonymKey:
		return fmt.Errorf("the key for pseudonyms is too short: at least %d bytes are needed", MinPseudonymKey)
	case len(bytes.TrimLeft(key, string(key[:1]))) == 0:
		return errors.New("the key for pseudonyms is one byte repeated: take a random one")
	}
	return nil
}

// home reports whether an address is in the home networks: those of RFC 1918 and RFC
// 4193 for a policy that names none.
func (p *Policy) home(a netip.Addr) bool {
	if len(p.HomeNets) == 0 {
		return a.IsPrivate() && a.Zone() == ""
	}
	for _, n := range p.HomeNets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// direction is network.direction of ECS, seen from the home networks.
func (p *Policy) direction(client, server netip.Addr) string {
	switch from, to := p.home(client), p.home(server); {
	case from && to:
		return "internal"
	case from:
		return "outbound"
	case to:
		return "inbound"
	}
	return "external"
}
