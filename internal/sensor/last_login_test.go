package sensor

import (
	"net/netip"
	"reflect"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// The end of a flow that comes with its last login is told as if it had come by itself.
func TestEndTravelsWithLogin(t *testing.T) {
	flow := reassembly.Flow{Client: netip.MustParseAddrPort("192.0.2.1:1025"), Server: netip.MustParseAddrPort("192.0.2.2:110"), Start: 5}
	decided := capture.Mark{Time: 7, Frame: 3}
	login := detectors.Observation{Kind: detectors.Login, Flow: flow, Protocol: "pop3", Mark: capture.Mark{Time: 6, Frame: 2}, Decided: decided, Sides: 2,
		Attempt: detectors.Attempt{Identity: "alice"}, Number: 1, Result: detectors.Success, Reply: "+OK"}
	end := detectors.Observation{Kind: detectors.Ended, Flow: flow, Protocol: "pop3", Mark: decided, Decided: decided, Sides: 2,
		Summary: &detectors.Summary{Logins: 1, Accepted: 1}}
	later := end
	later.Mark.Time = 8
	for _, c := range []struct {
		name string
		give []detectors.Observation
		want int // that are handed over
	}{
		{"together", []detectors.Observation{login, end}, 1}, {"one end for one login", []detectors.Observation{login, end, end}, 2},
		{"later", []detectors.Observation{login, later}, 2}, {"before", []detectors.Observation{end, login}, 2},
	} {
		l := lane{free: make(chan []handed)}
		for i := range c.give {
			l.observation(&c.give[i], nil, 0, false)
		}
		var got []detectors.Observation
		for i := range l.next {
			f := &l.next[i].Finding
			summary := takeSummary(f)
			got = append(got, f.Observation)
			if summary != nil {
				becomeEnd(f, summary)
				got = append(got, f.Observation)
			}
		}
		if len(l.next) != c.want || !reflect.DeepEqual(got, c.give) {
			t.Errorf("%s: %d handed over, want %d; told %+v, want %+v", c.name, len(l.next), c.want, got, c.give)
		}
	}
}
