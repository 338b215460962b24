//go:build linux

package lab_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/detectors/dialogtest"
	"cleartap/internal/lab"
	"cleartap/reassembly"
)

// observe runs segments through reassembly and detectors and writes down the
// logins that are observed, without the places. What servers offer is told
// when it is learnt, which depends on how the two directions fell in with each other.
func observe(each func(push func(*capture.Segment))) []string {
	var out []string
	engine := detectors.NewEngine(detectors.Config{Protocols: all.Protocols(), Report: func(o *detectors.Observation) {
		if o.Kind != detectors.Login {
			return
		}
		a := o.Attempt
		out = append(out, fmt.Sprintf("%v %s #%d %s %s %s id=%q authzid=%q realm=%q secret=%v weak=%v sealed=%v %s %q sides=%d gap=%v ambiguous=%v port=%d",
			o.Kind, o.Protocol, o.Number, a.Command, a.Mechanism, a.Class, a.Identity, a.Authzid, a.Realm, a.Secret, a.Weak, a.Sealed,
			o.Result, o.Reply, o.Sides, o.Gap, o.Ambiguous, o.Flow.Server.Port()))
	}})
	assembler := reassembly.New(reassembly.Config{Classify: engine.Classify, Open: engine.Open})
	each(assembler.Push)
	assembler.Flush()
	engine.Close()
	return out
}

// fromFile gives the dialogue of the file as segments.
func (d *dialogue) fromFile(push func(*capture.Segment)) {
	client := capture.Endpoint{IP: lab4(lab.ClientNode), Port: 40000}
	server := capture.Endpoint{IP: lab4(d.node), Port: d.port}
	ends := [2]capture.Endpoint{client, server}
	next := [2]uint32{1000, 5000}
	at := capture.Nanos(1_700_000_000_000_000_000)
	frame := uint64(0)
	send := func(from int, flags capture.Flags, text string) {
		frame++
		at += 1_000_000
		push(&capture.Segment{Mark: capture.Mark{Time: at, Frame: frame, Seq: next[from], Ack: next[1-from]},
			Src: ends[from], Dst: ends[1-from], IPv4: true, TTL: 64, Flags: flags, Payload: []byte(text)})
		next[from] += uint32(len(text))
		if flags.Has(capture.SYN) || flags.Has(capture.FIN) {
			next[from]++
		}
	}
	send(0, capture.SYN, "")
	send(1, capture.SYN|capture.ACK, "")
	send(0, capture.ACK, "")
	for _, l := range d.lines {
		from := 1
		if l.client {
			from = 0
		}
		send(from, capture.ACK, l.bytes)
	}
	send(0, capture.FIN|capture.ACK, "")
	send(1, capture.FIN|capture.ACK, "")
}

func lab4(node int) [16]byte { return lab.IPv4(node).As16() }

// fromFrames gives recorded frames as segments, by way of the decoder.
func fromFrames(frames []lab.Frame) func(push func(*capture.Segment)) {
	return func(push func(*capture.Segment)) {
		decoder := capture.NewDecoder(capture.DecoderConfig{})
		var s capture.Segment
		for i, f := range frames {
			frame := capture.Frame{Time: capture.Nanos(f.Time.UnixNano()), Data: f.Data, Length: len(f.Data), Number: uint64(i + 1), Link: 1}
			if decoder.Decode(&frame, &s) {
				push(&s)
			}
		}
	}
}

// The dialogues that the live test plays hold on paper, in every manner of cutting.
func TestLiveDialoguesOnPaper(t *testing.T) {
	for _, d := range dialogtest.Load(t, "testdata/live_*.txt") {
		t.Run(d.Name, func(t *testing.T) { d.Check(t, paper(d.Name)...) })
	}
}

// paper puts the dialogue's own protocol first: its port is the default.
func paper(name string) []*detectors.Protocol {
	want := strings.Split(name, "_")[1]
	if want == "lmtp" {
		want = "smtp"
	}
	list := all.Protocols()
	for i, p := range list {
		if p.Name == want {
			list[0], list[i] = list[i], list[0]
		}
	}
	return list
}

// The same dialogue gives the same observations, whether it is read from its file
// or held with a live server and recorded, also under loss, disorder, doubles,
// fragments and tags.
func TestLiveServersAndFilesAgree(t *testing.T) {
	if _, ok := lab.Available(); !ok {
		return // TestMain has told
	}
	l, err := lab.Open(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	startServers(t, l)
	for name, how := range map[string]lab.Conditions{
		"clean":     {},
		"harm":      {Loss: .02, Reorder: .2, Duplicate: .2, Seed: 11},
		"fragments": {Fragment: 68, Tags: [2][]uint16{{80}, {80}}},
	} {
		t.Run(name, func(t *testing.T) {
			l.Wire.Set(how)
			for _, d := range dialogues(t) {
				t.Run(d.name, func(t *testing.T) { d.compare(t, l) })
			}
		})
	}
}

// compare plays the dialogue and holds what is observed against the file.
func (d *dialogue) compare(t *testing.T, l *lab.Lab) {
	t.Helper()
	tape := l.Wire.Record()
	if err := d.play(l); err != nil {
		t.Fatal(err)
	}
	// long enough for what the wire holds back: nothing of it may fall into the next tape
	if err := tape.Settle(30 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	got := observe(fromFrames(tape.Stop()))
	want := observe(d.fromFile)
	if len(want) == 0 && d.name != "live_lmtp_two_replies" {
		t.Error("the file gives no observation")
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("live:\n%s\nfile:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
