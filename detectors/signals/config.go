package signals

import (
	"net/netip"

	"cleartap/capture"
)

// Config says from when on logins are an attack, and how much may be remembered.
// Zero fields mean the default; nothing is unlimited. Windows slide in steps of a
// sixth to a tenth of their length, so that they cover up to one step more.
type Config struct {
	MaxMemory int64     // bytes for all that is remembered; DefaultMemory
	Seed      [2]uint64 // of the hashes that things are remembered by: random in a sensor, fixed where results must repeat
	Updates   bool      // report an attack when it starts, grows and succeeds too, not only when it is over

	BruteFailures int           // refusals of one account from one source in BruteWindow, secrets unmarked; 30
	BruteWindow   capture.Nanos // 10 min
	MarkedTries   int           // the same where secrets are marked, if MarkedKinds of them differ; 10
	MarkedKinds   int           // 5
	SteadyGap     capture.Nanos // a client whose tries are so far apart in the mean repeats by itself: never an attack; 60 s

	SprayAccounts    int           // accounts that one source fails on in SprayWindow; 10
	SprayWindow      capture.Nanos // 30 min
	SprayTries       int           // tries for each of them at most, in the mean, for it to be spraying; 3
	StuffingAccounts int           // accounts that a network of several sources (/24, IPv6: /64) fails on in SprayWindow; 20

	GatewayAccounts int // accounts that logged in from a source within a day make it a gateway; 20
	GatewayRaised   int // what SprayAccounts is for it; 30
	GatewayPercent  int // and how many of its logins must be refused; 80

	DistributedSources int           // sources that fail on one account in DistributedWindow; 10
	DistributedWindow  capture.Nanos // 60 min
	SlowThreshold      int           // accounts of a source, or sources of an account, in a day; 50
	StaleFailures      int           // refusals of a client that repeats by itself, in a day; 20
	Linger             capture.Nanos // an attack is over when nothing of it came for so long; until then a login can succeed after it; 60 min
	Known              capture.Nanos // a source that an account logged in from within that time is its client; 30 days

	Probes      int           // names refused outside of logins, from one source in ProbeWindow; 20
	ProbeWindow capture.Nanos // 10 min

	Places      int                            // countries or networks that an account logs in from within PlaceWindow; 3
	PlaceWindow capture.Nanos                  // 60 min
	Speed       int                            // km/h above which nobody travels; 900
	Place       func(netip.Addr) (Place, bool) // where an address is; nil: nobody knows, and nothing is reported about places

	BaselineSessions int           // sessions of a server in which something was offered, before its absence is told; 5
	BaselineAge      capture.Nanos // and the time between the first and the last of them; 24 h
	FallbackWindow   capture.Nanos // from a failed attempt at TLS to a login in clear; 120 s
	Day              capture.Nanos // within which the same is told once about a server; 24 h
}

// Place is where an address is, as far as it is known.
type Place struct {
	Country             [2]byte // ISO 3166-1, zero if not known
	AS                  uint32  // number of its autonomous system, 0 if not known
	Latitude, Longitude float32 // degrees
	Located             bool    // the two are known
}

// DefaultMemory is Config.MaxMemory when it is 0, in bytes.
const DefaultMemory = 64 << 20

const (
	second = capture.Nanos(1e9)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// Defaults gives the configuration with all its defaults filled in.
func Defaults() Config { return Config{}.withDefaults() }

// withDefaults fills in what was left zero.
func (c Config) withDefaults() Config {
	if c.MaxMemory <= 0 {
		c.MaxMemory = DefaultMemory
	}
	for _, n := range []struct {
		v   *int
		def int
	}{
		{&c.BruteFailures, 30}, {&c.MarkedTries, 10}, {&c.MarkedKinds, 5}, {&c.SprayAccounts, 10}, {&c.SprayTries, 3}, {&c.StuffingAccounts, 20},
		{&c.GatewayAccounts, 20}, {&c.GatewayRaised, 30}, {&c.GatewayPercent, 80}, {&c.DistributedSources, 10}, {&c.SlowThreshold, 50},
		{&c.StaleFailures, 20}, {&c.Probes, 20}, {&c.Places, 3}, {&c.Speed, 900}, {&c.BaselineSessions, 5},
	} {
		if *n.v <= 0 {
			*n.v = n.def
		}
	}
	for _, n := range []struct {
		v   *capture.Nanos
		def capture.Nanos
	}{
		{&c.BruteWindow, 10 * minute}, {&c.SteadyGap, minute}, {&c.SprayWindow, 30 * minute}, {&c.DistributedWindow, hour}, {&c.Linger, hour},
		{&c.Known, 30 * day}, {&c.ProbeWindow, 10 * minute}, {&c.PlaceWindow, hour}, {&c.BaselineAge, day}, {&c.FallbackWindow, 2 * minute}, {&c.Day, day},
	} {
		if *n.v <= 0 {
			*n.v = n.def
		}
	}
	return c
}

// limits are times of a Config in seconds, and the steps of its windows.
type limits struct {
	bruteStep, sprayStep, crowdStep, dayStep uint32
	steadyGap, known, day, probeStep         uint32
}

func (c *Config) limits() limits {
	step := func(window capture.Nanos, steps int) uint32 { return max(1, uint32(window/second)/uint32(steps)) }
	return limits{
		bruteStep: step(c.BruteWindow, bruteSteps-1), sprayStep: step(c.SprayWindow, halfSteps-1), crowdStep: step(c.DistributedWindow, halfSteps-1),
		dayStep: step(day, daySteps-1), steadyGap: uint32(c.SteadyGap / second), known: uint32(c.Known / second), day: uint32(day / second), probeStep: step(c.ProbeWindow, halfSteps-1),
	}
}
