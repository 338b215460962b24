package sensor

import (
	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/signals"
	"cleartap/reassembly"
)

// Totals count what a scan, or one capture of it, came to.
type Totals struct {
	Captures    int    // that were read
	Files       int    // of these
	Packets     uint64 // frames read
	Bytes       uint64 // of these frames, as captured
	Snapped     uint64 // frames that the snap length cut
	LeftOut     uint64 // frames that Config.Filter did not let pass
	Findings    uint64
	Panics      uint64 // frames at which the program failed; each cost one flow
	First, Last capture.Nanos
	Decode      capture.DecodeStats
	Flows       reassembly.Stats
	Dialogues   detectors.Stats
	Signals     signals.Stats // of a whole scan
}

// add adds what another capture came to.
func (t *Totals) add(o *Totals) {
	t.Captures += o.Captures
	t.Files += o.Files
	t.Packets += o.Packets
	t.Bytes += o.Bytes
	t.Snapped += o.Snapped
	t.LeftOut += o.LeftOut
	t.Findings += o.Findings
	t.Panics += o.Panics
	if o.Packets > 0 && (t.First == 0 || o.First < t.First) {
		t.First = o.First
	}
	t.Last = max(t.Last, o.Last)
	t.Decode.Add(&o.Decode)
	t.Flows.Add(&o.Flows)
	addDialogues(&t.Dialogues, &o.Dialogues)
}

func addDialogues(t, o *detectors.Stats) {
	for _, p := range [...]struct {
		to   *uint64
		from uint64
	}{
		{&t.Conversations, o.Conversations}, {&t.Units, o.Units}, {&t.Overflows, o.Overflows}, {&t.TLS, o.TLS}, {&t.Layers, o.Layers},
		{&t.Foreign, o.Foreign}, {&t.Prefaces, o.Prefaces}, {&t.Inflated, o.Inflated}, {&t.Conflicts, o.Conflicts}, {&t.Bounds, o.Bounds},
		{&t.Gaps, o.Gaps}, {&t.Dropped, o.Dropped},
	} {
		*p.to += p.from
	}
	if t.Protocols == nil {
		t.Protocols = make([]detectors.ProtocolStats, len(o.Protocols))
	}
	for i, p := range o.Protocols {
		t.Protocols[i].Name = p.Name
		t.Protocols[i].Conversations += p.Conversations
		t.Protocols[i].Logins += p.Logins
		t.Protocols[i].Panics += p.Panics
	}
}
