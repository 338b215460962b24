package syslog

import (
	"fmt"
	"slices"
	"strings"

	"cleartap/output"
)

// Facility is the part of a system that speaks (RFC 5424 section 6.2.1). The zero
// value is local5, which Suricata takes too; others are the number plus one.
type Facility uint8

var facilities = [...]string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}

const local5 = 21

func (f Facility) number() int {
	if f == 0 || int(f) > len(facilities) {
		return local5
	}
	return int(f) - 1
}

// String is the facility's name.
func (f Facility) String() string { return facilities[f.number()] }

// ParseFacility finds a facility by its name.
func ParseFacility(name string) (Facility, error) {
	i := slices.Index(facilities[:], name)
	if i < 0 {
		return 0, fmt.Errorf("%q: want a facility such as local5, authpriv or daemon", name)
	}
	return Facility(i + 1), nil
}

// Severity is how bad a message is (RFC 5424 section 6.2.1). The zero value means
// that nothing was said; others are the number plus one.
type Severity uint8

var severities = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// String is the severity's name, empty for the zero value.
func (s Severity) String() string {
	if s == 0 || int(s) > len(severities) {
		return ""
	}
	return severities[s-1]
}

// ParseSeverity finds a severity by its name.
func ParseSeverity(name string) (Severity, error) {
	i := slices.Index(severities[:], name)
	if i < 0 {
		return 0, fmt.Errorf("%q: want one of %s", name, strings.Join(severities[:], ", "))
	}
	return Severity(i + 1), nil
}

// Severities maps those of alerts. Zero values are the severity of the same name:
// critical is crit, high is err, medium is warning, low is notice, info is info.
type Severities struct{ Critical, High, Medium, Low, Info Severity }

func (s *Severities) of(a *output.Alert) int {
	set, number := s.Info, 6
	switch n := a.Event.Severity; {
	case n >= 99:
		set, number = s.Critical, 2
	case n >= 73:
		set, number = s.High, 3
	case n >= 47:
		set, number = s.Medium, 4
	case n >= 21:
		set, number = s.Low, 5
	}
	if set.String() != "" {
		return int(set) - 1
	}
	return number
}
