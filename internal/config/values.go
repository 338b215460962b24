package config

import (
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"
)

// Duration is a time such as 10s, 5m or 1h30m.
type Duration time.Duration

// UnmarshalText reads a time. A number without a unit is refused, 0 aside.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%q: want a time such as 10s, 5m or 1h", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes a time the way it is read, without needless units.
func (d Duration) MarshalText() ([]byte, error) {
	s := time.Duration(d).String()
	for _, zero := range []string{"0s", "0m"} {
		if t := strings.TrimSuffix(s, zero); t != s && t != "" && (t[len(t)-1] == 'm' || t[len(t)-1] == 'h') {
			s = t
		}
	}
	return []byte(s), nil
}

// Size is a number of bytes such as 64MiB or 1GB.
type Size int64

// sizeUnits are the units of sizes, longest first; those of ten and of two are apart.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"b", 1}, {"", 1},
}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.ToLower(strings.TrimSpace(string(b)))
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0 && v*float64(u.bytes) <= 1<<50) { // NaN as well
			break
		}
		*s = Size(v * float64(u.bytes))
		return nil
	}
	return fmt.Errorf("%q: want a size such as 64MiB or 1GiB", b)
}

// MarshalText writes a size in the largest unit of two that it is a multiple of.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range []struct {
		name  string
		bytes Size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s != 0 && s%u.bytes == 0 {
			return fmt.Appendf(nil, "%d%s", s/u.bytes, u.name), nil
		}
	}
	return strconv.AppendInt(nil, int64(s), 10), nil
}

// Net is a network, or an address alone.
type Net struct{ netip.Prefix }

// UnmarshalText reads 10.0.0.0/8, 2001:db8::/32 or an address. A network of
// mapped IPv4 addresses is that of IPv4.
func (n *Net) UnmarshalText(b []byte) error {
	s := string(b)
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		n.Prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("%q: want a network such as 10.0.0.0/8 or 2001:db8::/32, or an address", s)
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	n.Prefix = p.Masked()
	return nil
}

// MarshalText writes the network.
func (n Net) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// Prefixes gives networks as netip has them.
func Prefixes(nets []Net) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range nets {
		out = append(out, n.Prefix)
	}
	return out
}

// Glob is a pattern for account names: * stands for any characters, ? for one.
type Glob string

// UnmarshalText reads a pattern.
func (g *Glob) UnmarshalText(b []byte) error {
	if _, err := path.Match(string(b), ""); err != nil || len(b) == 0 {
		return fmt.Errorf("%q: want a name in which * stands for any characters and ? for one", b)
	}
	*g = Glob(b)
	return nil
}

// Date is the last day on which something holds, to its end in UTC.
type Date struct{ time.Time }

// UnmarshalText reads a day such as 2027-01-31.
func (d *Date) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fmt.Errorf("%q: want a day such as 2027-01-31", b)
	}
	d.Time = t
	return nil
}

// MarshalText writes the day.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.Format(time.DateOnly)), nil }

// Over reports whether the day has passed.
func (d Date) Over(now time.Time) bool { return !now.Before(d.AddDate(0, 0, 1)) }
