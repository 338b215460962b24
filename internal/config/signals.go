package config

import (
	"time"

	"cleartap/capture"
	"cleartap/detectors/signals"
)

// defaultSignals are the thresholds of detectors/signals when nothing is said.
func defaultSignals() Signals {
	d := signals.Defaults()
	return Signals{
		BruteFailures: d.BruteFailures, BruteWindow: Duration(d.BruteWindow), MarkedFailures: d.MarkedTries, MarkedSecrets: d.MarkedKinds, SteadyGap: Duration(d.SteadyGap),
		SprayAccounts: d.SprayAccounts, SprayWindow: Duration(d.SprayWindow), SprayTries: d.SprayTries, StuffingAccounts: d.StuffingAccounts,
		GatewayAccounts: d.GatewayAccounts, GatewayRaised: d.GatewayRaised, GatewayPercent: d.GatewayPercent,
		DistributedSources: d.DistributedSources, DistributedWindow: Duration(d.DistributedWindow), SlowThreshold: d.SlowThreshold, StaleFailures: d.StaleFailures,
		OverAfter: Duration(d.Linger), Probes: d.Probes, ProbeWindow: Duration(d.ProbeWindow),
		BaselineSessions: d.BaselineSessions, BaselineAge: Duration(d.BaselineAge), FallbackWindow: Duration(d.FallbackWindow),
	}
}

// Thresholds gives the settings as detectors/signals has them.
func (s *Signals) Thresholds() signals.Config {
	nanos := func(d Duration) capture.Nanos { return capture.Nanos(d) }
	return signals.Config{
		BruteFailures: s.BruteFailures, BruteWindow: nanos(s.BruteWindow), MarkedTries: s.MarkedFailures, MarkedKinds: s.MarkedSecrets, SteadyGap: nanos(s.SteadyGap),
		SprayAccounts: s.SprayAccounts, SprayWindow: nanos(s.SprayWindow), SprayTries: s.SprayTries, StuffingAccounts: s.StuffingAccounts,
		GatewayAccounts: s.GatewayAccounts, GatewayRaised: s.GatewayRaised, GatewayPercent: s.GatewayPercent,
		DistributedSources: s.DistributedSources, DistributedWindow: nanos(s.DistributedWindow), SlowThreshold: s.SlowThreshold, StaleFailures: s.StaleFailures,
		Linger: nanos(s.OverAfter), Probes: s.Probes, ProbeWindow: nanos(s.ProbeWindow),
		BaselineSessions: s.BaselineSessions, BaselineAge: nanos(s.BaselineAge), FallbackWindow: nanos(s.FallbackWindow),
	}
}

// signals checks the thresholds. Those of accounts and sources are bounded by what a
// window can count.
func (c *check) signals() {
	s := &c.l.Signals
	for _, n := range []struct {
		path      string
		v         int
		low, high int
	}{
		{"brute_failures", s.BruteFailures, 2, 2000}, {"marked_failures", s.MarkedFailures, 2, 2000}, {"marked_secrets", s.MarkedSecrets, 2, 64},
		{"spray_accounts", s.SprayAccounts, 2, 10_000}, {"spray_tries", s.SprayTries, 1, 1000}, {"stuffing_accounts", s.StuffingAccounts, 2, 21},
		{"gateway_accounts", s.GatewayAccounts, 1, 60_000}, {"gateway_raised", s.GatewayRaised, 2, 60_000}, {"gateway_percent", s.GatewayPercent, 1, 99},
		{"distributed_sources", s.DistributedSources, 2, 10_000}, {"slow_threshold", s.SlowThreshold, 2, 60_000}, {"stale_failures", s.StaleFailures, 4, 10_000},
		{"probes", s.Probes, 2, 60_000}, {"baseline_sessions", s.BaselineSessions, 1, 60_000},
	} {
		c.number("signals."+n.path, n.v, n.low, n.high)
	}
	for _, d := range []struct {
		path string
		v    Duration
	}{
		{"brute_window", s.BruteWindow}, {"steady_gap", s.SteadyGap}, {"spray_window", s.SprayWindow}, {"distributed_window", s.DistributedWindow},
		{"over_after", s.OverAfter}, {"probe_window", s.ProbeWindow}, {"baseline_age", s.BaselineAge}, {"fallback_window", s.FallbackWindow},
	} {
		c.within("signals."+d.path, time.Duration(d.v), 10*time.Second, 24*time.Hour)
	}
}
