package main

import (
	"context"

	"cleartap/output"
)

// alertsOnly keeps health records from a sink that does not want them.
type alertsOnly struct{ output.Sink }

// Send implements output.Sink.
func (s alertsOnly) Send(ctx context.Context, records []output.Record) ([]output.Verdict, error) {
	verdicts := make([]output.Verdict, len(records))
	var wanted []output.Record
	var at []int
	for i := range records {
		if records[i].Dataset == "cleartap.alert" {
			wanted, at = append(wanted, records[i]), append(at, i)
		} else {
			verdicts[i] = output.Verdict{Outcome: output.Done}
		}
	}
	if len(wanted) == 0 {
		return verdicts, nil
	}
	got, err := s.Sink.Send(ctx, wanted)
	if len(got) == 0 && len(wanted) == len(records) {
		return nil, err
	}
	for k, i := range at {
		if k < len(got) {
			verdicts[i] = got[k]
		}
	}
	return verdicts, err
}
