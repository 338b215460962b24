package sensor

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
	"cleartap/detectors/signals"
	"cleartap/output"
)

// told is a Receiver that keeps what is told of attacks.
type told struct {
	notes
	attacks []string
}

func (r *told) Finding(w output.Where, f *detectors.Finding) {
	r.attacks = append(r.attacks, fmt.Sprintf("%s %s %d %s", f.Rule.ID, f.Attempt.Identity, f.Attack.Failures, w.Path))
}

const second = capture.Nanos(1e9)

// refused is a login that was refused at a second.
func refused(at capture.Nanos, client byte, name string) *detectors.Observation {
	o := &detectors.Observation{Kind: detectors.Login, Protocol: "imap", Result: detectors.Failure, Sides: 2,
		Mark: capture.Mark{Time: at * second}, Decided: capture.Mark{Time: at * second}, Attempt: detectors.Attempt{Identity: name, Secret: secret.Of(nil)}}
	o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, client}), 1), netip.MustParseAddrPort("192.0.2.25:143")
	return o
}

// merged gives the observations of captures, each in its order, and tells what comes of them.
func merged(memory int64, captures [][]*detectors.Observation) (*merger, *told) {
	r := &told{}
	list := make([]*capture.Capture, len(captures))
	for i, c := range captures {
		list[i] = &capture.Capture{First: c[0].Decided.Time}
	}
	m := newMerger(signals.Config{}, memory, list, r)
	for i, c := range captures {
		files := []string{fmt.Sprint(i, ".pcap")}
		for _, o := range c {
			m.add(i, files, o)
		}
		m.done(i)
	}
	m.end()
	return m, r
}

// The guesses of one source are spread over captures which overlap: seen one after the
// other there would be too few in any ten minutes.
func TestMergerOrdersByTime(t *testing.T) {
	var captures [][]*detectors.Observation
	for i := range 4 {
		var c []*detectors.Observation
		for k := range 3 * 3600 / 60 { // three hours, one a minute in each
			c = append(c, refused(1_000_000+capture.Nanos(60*k+15*i), 1, "victim"))
		}
		captures = append(captures, c)
	}
	m, r := merged(DefaultMemory, captures)
	if got := strings.Join(r.attacks, "\n"); got != "CT-AUTH-001 victim 720 3.pcap" || m.signals.Stats().Unmerged != 0 {
		t.Errorf("%s\n%+v", got, m.signals.Stats())
	}
}

// Whatever the order of times inside captures, all that is given comes out, once.
func TestMergerLosesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		var captures [][]*detectors.Observation
		sum := uint64(0)
		at := capture.Nanos(1_000_000)
		for range 1 + r.IntN(5) {
			at += capture.Nanos(r.IntN(2000))
			var c []*detectors.Observation
			for k := range 1 + r.IntN(300) {
				c = append(c, refused(at+capture.Nanos(k*r.IntN(30)), byte(r.IntN(5)), fmt.Sprint(r.IntN(3))))
			}
			sum += uint64(len(c))
			captures = append(captures, c)
		}
		for _, memory := range []int64{DefaultMemory, 1} {
			m, _ := merged(memory, captures)
			if st := m.signals.Stats(); st.Refused != sum || len(m.held) != 0 {
				t.Fatalf("%d of %d came out, %d are still held", st.Refused, sum, len(m.held))
			}
		}
	}
}

// How much waits is bounded: then captures are looked at one after the other.
func TestMergerIsBounded(t *testing.T) {
	var captures [][]*detectors.Observation
	for i := range 3 {
		var c []*detectors.Observation
		for k := range 5000 { // many hours
			c = append(c, refused(1_000_000+capture.Nanos(30*k+i), byte(i), fmt.Sprint("user", i)))
		}
		captures = append(captures, c)
	}
	m, r := merged(1<<20, captures)
	if cap(m.held) > 2*m.most+64 || m.signals.Stats().Unmerged == 0 {
		t.Errorf("%d are held, %d may be; %d times anew", cap(m.held), m.most, m.signals.Stats().Unmerged)
	}
	if len(r.attacks) != 0 {
		t.Errorf("one guess in 30 s is told: %v", r.attacks)
	}
}
