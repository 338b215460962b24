package inventory

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors"
)

// ErrDamaged says that something of the store cannot be read.
var ErrDamaged = errors.New("damaged")

// record is a server as it is stored. Fields may be added; none changes its meaning.
type record struct {
	Product     string                      `json:"product,omitempty"`
	Version     string                      `json:"version,omitempty"`
	Host        string                      `json:"host,omitempty"`
	Banner      string                      `json:"banner,omitempty"`
	SNI         string                      `json:"sni,omitempty"`
	Suite       string                      `json:"suite,omitempty"`
	Flags       uint32                      `json:"flags"`
	Mechanisms  []detectors.Mechanism       `json:"mechanisms,omitempty"`
	Versions    [versions]uint64            `json:"versions"`
	Certificate *detectors.Certificate      `json:"certificate,omitempty"`
	Faults      detectors.CertificateFaults `json:"faults,omitempty"`
	Sessions    uint64                      `json:"sessions"`
	Telling     uint64                      `json:"telling"`
	Encrypted   uint64                      `json:"encrypted"`
	Logins      uint64                      `json:"logins"`
	Accepted    uint64                      `json:"accepted"`
	Mails       uint64                      `json:"mails"`
	Clients     hexBytes                    `json:"clients"`
	Accounts    hexBytes                    `json:"accounts"`
	First       capture.Nanos               `json:"first"`
	Last        capture.Nanos               `json:"last"`
	Told        int64                       `json:"told"`
}

// hexBytes are written in hexadecimal digits: the ranks of a sketch are small numbers, and in
// base64 their runs look like parts of an NTLM message, which whoever greps the store for
// leaks would take them for. Base64, as earlier versions wrote it, is read as well.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// UnmarshalText implements encoding.TextUnmarshaler. The first byte is 0 or 1, which is
// A in base64.
func (b *hexBytes) UnmarshalText(p []byte) (err error) {
	if bytes.HasPrefix(p, []byte("A")) {
		*b, err = base64.StdEncoding.AppendDecode(nil, p)
		return err
	}
	*b, err = hex.AppendDecode(nil, p)
	return err
}

// flags are the yes and no of a server, in the order of the bits of record.Flags.
func (s *Server) flags() [10]*bool {
	return [...]*bool{&s.Masked, &s.StartTLS, &s.LoginDisabled, &s.UserPass, &s.Plaintext, &s.Required, &s.Implicit, &s.External, &s.seen, &s.greeted}
}

// encode writes a server for the store.
func (s *Server) encode() ([]byte, error) {
	r := record{
		Product: s.Product, Version: s.Version, Host: s.Host, Banner: s.Banner, SNI: s.SNI, Suite: s.Suite, Mechanisms: s.Mechanisms.List(),
		Versions: s.Versions, Certificate: s.Certificate, Faults: s.Faults, Sessions: s.Sessions, Telling: s.Telling, Encrypted: s.Encrypted,
		Logins: s.Logins, Accepted: s.Accepted, Mails: s.Mails, First: s.First, Last: s.Last, Told: s.told,
	}
	for i, f := range s.flags() {
		if *f {
			r.Flags |= 1 << i
		}
	}
	var errs [2]error
	r.Clients, errs[0] = s.Clients.MarshalBinary()
	r.Accounts, errs[1] = s.Accounts.MarshalBinary()
	out, err := json.Marshal(&r)
	return out, errors.Join(errs[0], errs[1], err)
}

// decode reads a server from the store.
func decode(key, value []byte) (*Server, error) {
	k, err := decodeKey(key)
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", k.Addr, err)
	}
	s := &Server{
		Key: k, Product: r.Product, Version: r.Version, Host: r.Host, Banner: r.Banner, SNI: r.SNI, Suite: r.Suite,
		Versions: r.Versions, Certificate: r.Certificate, Faults: r.Faults, Sessions: r.Sessions, Telling: r.Telling, Encrypted: r.Encrypted,
		Logins: r.Logins, Accepted: r.Accepted, Mails: r.Mails, First: r.First, Last: r.Last, told: r.Told,
	}
	for i, f := range s.flags() {
		*f = r.Flags&(1<<i) != 0
	}
	for _, m := range r.Mechanisms {
		s.Mechanisms.Add(m)
	}
	if err := errors.Join(s.Clients.UnmarshalBinary(r.Clients), s.Accounts.UnmarshalBinary(r.Accounts)); err != nil {
		return nil, fmt.Errorf("%s: %w", k.Addr, err)
	}
	return s, nil
}

// encodeKey writes a key: the address in 16 bytes, the port, the protocol.
func (k Key) encode() []byte {
	a := k.Addr.Addr().As16()
	return append(binary.BigEndian.AppendUint16(a[:], k.Addr.Port()), k.Protocol...)
}

func decodeKey(p []byte) (Key, error) {
	if len(p) < 19 {
		return Key{}, ErrDamaged
	}
	a := netip.AddrFrom16([16]byte(p[:16])).Unmap()
	return Key{netip.AddrPortFrom(a, binary.BigEndian.Uint16(p[16:])), string(p[18:])}, nil
}

// join adds what another entry of the same server tells. Of what changes with time the
// later one counts.
func (s *Server) join(t *Server) {
	later, earlier := s, t
	if t.Last > s.Last {
		later, earlier = t, s
	}
	for _, f := range [...][3]*string{
		{&s.Product, &later.Product, &earlier.Product}, {&s.Version, &later.Version, &earlier.Version}, {&s.Host, &later.Host, &earlier.Host},
		{&s.Banner, &later.Banner, &earlier.Banner}, {&s.SNI, &later.SNI, &earlier.SNI}, {&s.Suite, &later.Suite, &earlier.Suite},
	} {
		v := *f[1]
		if v == "" {
			v = *f[2]
		}
		*f[0] = v
	}
	if cert := later.Certificate; cert != nil {
		s.Certificate, s.Faults = cert, later.Faults
	} else {
		s.Certificate, s.Faults = earlier.Certificate, earlier.Faults
	}
	disabled := later.LoginDisabled
	ours, theirs := s.flags(), t.flags()
	for i := range ours {
		*ours[i] = *ours[i] || *theirs[i]
	}
	s.LoginDisabled = disabled
	s.Mechanisms.Union(t.Mechanisms)
	for i, n := range t.Versions {
		s.Versions[i] += n
	}
	for _, n := range [...][2]*uint64{{&s.Sessions, &t.Sessions}, {&s.Telling, &t.Telling}, {&s.Encrypted, &t.Encrypted}, {&s.Logins, &t.Logins},
		{&s.Accepted, &t.Accepted}, {&s.Mails, &t.Mails}} {
		*n[0] += *n[1]
	}
	s.Clients.Join(&t.Clients)
	s.Accounts.Join(&t.Accounts)
	if t.First != 0 && (s.First == 0 || t.First < s.First) {
		s.First = t.First
	}
	s.Last, s.told = max(s.Last, t.Last), max(s.told, t.told)
	s.said, s.offered = nil, nil
}
