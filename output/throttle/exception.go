package throttle

import (
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"cleartap/detectors"
)

// Exception silences what is known: of the lists that are not empty, each must hold.
type Exception struct {
	Servers  []netip.Prefix
	Clients  []netip.Prefix
	Accounts []string // names in which * stands for any characters and ? for one, whatever the case
	Rules    []string // ids of rules
	Reason   string
	Until    time.Time // from then on it silences nothing
}

// Silences reports whether the exception is about f.
func (e *Exception) Silences(f *detectors.Finding, now time.Time) bool {
	if !now.Before(e.Until) {
		return false
	}
	return within(e.Servers, f.Flow.Server.Addr()) && within(e.Clients, f.Flow.Client.Addr()) &&
		(len(e.Rules) == 0 || slices.Contains(e.Rules, f.Rule.ID)) && e.account(f.Attempt.Identity)
}

func within(nets []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap()
	return len(nets) == 0 || slices.ContainsFunc(nets, func(n netip.Prefix) bool { return n.Contains(a) })
}

func (e *Exception) account(name string) bool {
	if len(e.Accounts) == 0 {
		return true
	}
	// In path.Match a star stops at a slash, which in a name is a letter like others.
	name = strings.ReplaceAll(strings.ToLower(name), "/", "\x00")
	return slices.ContainsFunc(e.Accounts, func(p string) bool {
		ok, err := path.Match(strings.ReplaceAll(strings.ToLower(p), "/", "\x00"), name)
		return ok && err == nil
	})
}

// Silenced reports whether one of the exceptions is about f, and which.
func Silenced(exceptions []Exception, f *detectors.Finding, now time.Time) (int, bool) {
	i := slices.IndexFunc(exceptions, func(e Exception) bool { return e.Silences(f, now) })
	return i, i >= 0
}
