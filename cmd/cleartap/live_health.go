package main

import (
	"fmt"

	"cleartap/internal/sensor"
	"cleartap/output/health"
)

// record makes the health record of a moment. A sensor that sees all and cannot tell
// is not well either.
func (s *listening) record(h *sensor.Health) *health.Record {
	if trouble := s.sinks.trouble(); len(trouble) > 0 {
		if h.Reasons = append(h.Reasons, trouble...); h.State == sensor.StateOK {
			h.State = sensor.StateDegraded
		}
	}
	t := &h.Total
	th, across := s.throttle.Stats(), s.across.signals.Stats()
	tunnels := uint64(0)
	for _, n := range t.Decode.Tunnels {
		tunnels += n
	}
	return health.New(h.Time, s.policy.SensorName, s.policy.Version, health.Health{
		State: string(h.State), Reasons: h.Reasons, Uptime: h.Uptime.Seconds(),
		Packets: t.Packets, Bytes: t.Bytes, Drops: t.Kernel.Drops, Freezes: t.Kernel.Freezes,
		Gaps: health.Gaps{Count: t.Flows.Gaps, Bytes: t.Flows.GapBytes, Interfaces: t.Kernel.Gaps},
		Decode: health.Decode{Segments: t.Decode.TCP, Failures: t.Failures(), Unwanted: t.Decode.Unwanted, NotTCP: t.Decode.NotTCP,
			FragmentsDropped: t.Decode.FragmentsDropped, Tunnelled: tunnels},
		Flows: health.Flows{Active: t.Flows.Live, Open: t.Flows.Open, Started: t.Flows.Flows, Evicted: t.Flows.EvictedFlows, EvictedOpen: t.Flows.EvictedStreams,
			Expired: t.Flows.Expired, Half: t.HalfFlows, OneSided: t.Flows.OneSided, Midstream: t.Flows.Midstream, TLS: t.Dialogues.TLS},
		Logins:    s.logins,
		Alerts:    health.Alerts{Sent: s.sent, Suppressed: th.Suppressed, Excepted: s.excepted, Lost: th.Lost},
		Signals:   health.Signals{Attacks: across.Attacks, Open: across.Open, Keys: across.Keys, Forgotten: across.Evicted, Cut: across.Cut},
		Inventory: s.kept.figures(s.memory.failing),
		Memory:    health.Memory{Used: h.Memory, Flows: t.Flows.Memory, Limit: h.Limit},
		Queues:    []health.Queue{{Name: "observations", Len: h.Queue, Cap: h.Room, Lost: t.Lost}},
		Inputs:    inputs(h), Sinks: s.sinks.figures(), Panics: t.AllPanics(), ClockSteps: t.ClockSteps,
		ConfigReloads: health.Reloads{Reloaded: s.reloaded, Refused: s.refused},
		Sandbox:       &health.Sandbox{User: s.rights.User, NoNewPrivs: s.rights.NoNewPrivs, Seccomp: s.rights.Seccomp, Landlock: s.rights.Landlock},
	})
}

func inputs(h *sensor.Health) []health.Input {
	var out []health.Input
	for _, in := range h.Inputs {
		c := &in.Counted
		out = append(out, health.Input{Name: in.Name, Away: in.Away, Workers: c.Workers, Packets: c.Packets, Drops: c.Kernel.Drops, Idle: in.Idle.Seconds()})
	}
	return out
}

// statusLine is the sensor in one line.
func statusLine(h *sensor.Health, alerts uint64) string {
	t := &h.Total
	return fmt.Sprintf("%s: %d packets, %d dropped, %d flows, %d alerts", h.State, t.Packets, t.Kernel.Drops, t.Flows.Live, alerts)
}

// statistics prints what SIGUSR1 asks for.
func (s *listening) statistics() {
	h := s.live.Health()
	fmt.Fprintf(s.std.err, "%s\n", s.record(h).AppendJSON(nil))
}
