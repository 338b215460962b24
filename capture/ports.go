package capture

import (
	"fmt"
	"strconv"
	"strings"
)

// Ports says which TCP ports are looked at: a segment is wanted when either of
// its ports is in the set. The zero value holds no port; a nil *Ports given to
// DecoderConfig means every port.
type Ports struct {
	bits [1 << 16 / 32]uint32 // 8 KB, so that the look-up is one load and stays in the first cache
}

// mailPorts are the well-known ports of mail and news, by the
// IANA service registry (2525 is a custom of the providers).
var mailPorts = [...]uint16{24, 25, 26, 110, 119, 143, 465, 563, 587, 993, 995, 2525, 4190}

// AnyPort gives the set of all ports, 0 included.
func AnyPort() *Ports {
	p := new(Ports)
	for i := range p.bits {
		p.bits[i] = ^uint32(0)
	}
	return p
}

// MailPorts gives the well-known ports of SMTP, LMTP, POP3, IMAP, ManageSieve
// and NNTP, with and without TLS.
func MailPorts() *Ports {
	p := new(Ports)
	for _, n := range mailPorts {
		p.add(n, n)
	}
	return p
}

// ParsePorts reads what a user writes: `any`, `mail`, or a list of ports, ranges
// and these words, such as `mail,8025,2600-2700`. Errors name the part that is wrong.
func ParsePorts(s string) (*Ports, error) {
	if strings.TrimSpace(s) == "" {
		return nil, fmt.Errorf("ports: nothing given: want any, mail or a list such as 25,110,2525-2530")
	}
	p := new(Ports)
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		switch strings.ToLower(part) {
		case "any":
			p.add(0, 1<<16-1)
		case "mail":
			for _, n := range mailPorts {
				p.add(n, n)
			}
		default:
			lo, hi, err := parseRange(part)
			if err != nil {
				return nil, fmt.Errorf("ports: %q: %w", part, err)
			}
			p.add(lo, hi)
		}
	}
	return p, nil
}

// parseRange reads `25` or `2525-2530`.
func parseRange(s string) (lo, hi uint16, err error) {
	if s == "" {
		return 0, 0, fmt.Errorf("empty part: remove the extra comma")
	}
	from, to, isRange := strings.Cut(s, "-")
	if lo, err = parsePort(strings.TrimSpace(from)); err != nil {
		return 0, 0, err
	}
	if !isRange {
		return lo, lo, nil
	}
	if hi, err = parsePort(strings.TrimSpace(to)); err != nil {
		return 0, 0, err
	}
	if hi < lo {
		return 0, 0, fmt.Errorf("the range ends before it begins: write %d-%d", hi, lo)
	}
	return lo, hi, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("want any, mail, a port from 1 to 65535, or a range such as 2525-2530")
	}
	return uint16(n), nil
}

// add puts the ports from lo to hi into the set.
func (p *Ports) add(lo, hi uint16) {
	for n := int(lo); n <= int(hi); n++ {
		p.bits[n>>5] |= 1 << (n & 31)
	}
}

// Has reports whether port is in the set.
func (p *Ports) Has(port uint16) bool {
	return p.bits[port>>5]>>(port&31)&1 != 0
}

// hasOne reports whether one of the two ports with which a TCP header begins is in the
// set. Both are looked up at once: nobody can foresee which it will be.
func (p *Ports) hasOne(ports uint32) bool {
	return (p.bits[ports>>21]>>(ports>>16&31)|p.bits[ports&0xffff>>5]>>(ports&31))&1 != 0
}

// Any reports whether the set holds every port from 1 to 65535.
func (p *Ports) Any() bool {
	if p.bits[0]|1 != ^uint32(0) { // port 0 cannot be written by a user
		return false
	}
	for _, w := range p.bits[1:] {
		if w != ^uint32(0) {
			return false
		}
	}
	return true
}

// Ranges gives the set as ascending ranges, first and last port of each; a
// kernel filter is built from them.
func (p *Ports) Ranges() [][2]uint16 {
	var out [][2]uint16
	for n := 0; n < 1<<16; n++ {
		port := uint16(n)
		if !p.Has(port) {
			continue
		}
		if k := len(out); k > 0 && int(out[k-1][1]) == n-1 {
			out[k-1][1] = port
		} else {
			out = append(out, [2]uint16{port, port})
		}
	}
	return out
}

// String gives `any`, `mail`, or the list as ParsePorts reads it, in ascending
// order; `none` for an empty set.
func (p *Ports) String() string {
	if p.Any() {
		return "any"
	}
	if p.bits == MailPorts().bits {
		return "mail"
	}
	var b strings.Builder
	for _, r := range p.Ranges() {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(int(r[0])))
		if r[1] != r[0] {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(int(r[1])))
		}
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}
