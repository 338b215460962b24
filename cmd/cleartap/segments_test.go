package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"cleartap/capture"
	"cleartap/detectors/dialogtest"
)

// cutting is a manner of sending what a side says: the parts, each with where it begins
// in the text, in the order in which they are captured.
type cutting func(r *rand.Rand, p []byte) []part

type part struct {
	at int
	p  []byte
}

// pieces cuts p into pieces of at most n bytes.
func pieces(p []byte, size func() int) []part {
	var out []part
	for at := 0; at < len(p); {
		n := min(size(), len(p)-at)
		out = append(out, part{at, p[at : at+n]})
		at += n
	}
	return out
}

// cuttings are the manners that must not change what is found.
var cuttings = map[string]cutting{
	"bytes":  func(_ *rand.Rand, p []byte) []part { return pieces(p, func() int { return 1 }) },
	"random": func(r *rand.Rand, p []byte) []part { return pieces(p, func() int { return 1 + r.Intn(12) }) },
	"all sent twice": func(r *rand.Rand, p []byte) []part {
		one := pieces(p, func() int { return 1 + r.Intn(40) })
		return append(one, one...)
	},
	"retransmitted with more": func(r *rand.Rand, p []byte) []part {
		var out []part
		for _, x := range pieces(p, func() int { return 1 + r.Intn(20) }) {
			from := max(0, x.at-r.Intn(15))
			out = append(out, x, part{from, p[from : x.at+len(x.p)]})
		}
		return out
	},
	"out of order": func(r *rand.Rand, p []byte) []part {
		out := pieces(p, func() int { return 1 + r.Intn(20) })
		for window := range slices.Chunk(out, 32) { // what waits for what comes before it is bounded
			r.Shuffle(len(window), func(i, j int) { window[i], window[j] = window[j], window[i] })
		}
		return out
	},
}

// However TCP cuts what is said, whatever it sends again and in which order it comes: the
// logins of every dialogue of every protocol are the same, through the whole program.
func TestSegmentationChangesNothing(t *testing.T) {
	var dialogues []spoken
	for _, d := range everyDialogue(t) {
		if !strings.HasPrefix(d.name, "secret ") { // these are about secrets
			dialogues = append(dialogues, d)
		}
	}
	want := loginsOf(t, sent(t, dialogues, func(_ *rand.Rand, p []byte) []part { return []part{{0, p}} }))
	if len(want) < len(dialogues)/2 {
		t.Fatalf("%d dialogues with logins, of %d", len(want), len(dialogues))
	}
	for name, cut := range cuttings {
		got := loginsOf(t, sent(t, dialogues, cut))
		for i := range dialogues {
			client := clientOf(i).String()
			if a, b := want[client], got[client]; !slices.Equal(a, b) {
				t.Errorf("%s, %s: got %+v, whole it is %+v", dialogues[i].name, name, b, a)
			}
		}
	}
}

func clientOf(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}) }

// sent records the dialogues as TCP might carry them: neighbouring texts of one side as one.
func sent(t *testing.T, dialogues []spoken, cut cutting) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, capture.LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewSource(1))
	d := &dialogueWriter{w: w, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	for i, s := range dialogues {
		if err := d.connect(fmt.Sprintf("%s:40001 to 192.0.2.25:%d", clientOf(i), s.port)); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.parts {
			d.now = d.now.Add(time.Duration(p.After) * time.Second)
			d.ends[p.Dir].seq += uint32(p.Lost)
			if err := d.parts(p, cut(r, p.Bytes)); err != nil {
				t.Fatal(err)
			}
		}
		for from := range 2 {
			if err := d.segment(from, func(t *layers.TCP) { t.FIN, t.ACK = true, true }, ""); err != nil {
				t.Fatal(err)
			}
		}
		d.now = d.now.Add(10 * time.Minute)
	}
	return out.Bytes()
}

// parts writes the parts of what one side says, a microsecond after each other.
func (d *dialogueWriter) parts(s dialogtest.Segment, parts []part) error {
	base := d.ends[s.Dir].seq
	for _, x := range parts {
		for piece := range chunks(x.p, 1400) {
			d.ends[s.Dir].seq = base + uint32(x.at)
			x.at += len(piece)
			if err := d.segment(int(s.Dir), func(t *layers.TCP) { t.ACK = true }, string(piece)); err != nil {
				return err
			}
			d.now = d.now.Add(time.Microsecond - time.Millisecond)
		}
	}
	d.ends[s.Dir].seq = base + uint32(len(s.Bytes))
	d.now = d.now.Add(time.Millisecond)
	return nil
}

// tried is a login as an alert tells it.
type tried struct {
	rule, protocol, user, mechanism, result, reply, authzid, realm string
	number                                                         int
	gap                                                            bool
}

// loginsOf scans a capture and gives the logins of each client, in order.
func loginsOf(t *testing.T, data []byte) map[string][]tried {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"cleartap", "scan", "--format", "jsonl", "--usernames", "full", "-"}, bytes.NewReader(data), &out, &errs); code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	found := map[string][]tried{}
	for line := range bytes.Lines(out.Bytes()) {
		var a struct {
			Event    struct{ Code string }
			Source   struct{ IP string }
			User     struct{ Name string }
			Network  struct{ Protocol string }
			Cleartap struct {
				Auth struct {
					Mechanism, Result, Authzid, Realm string
					Reply                             string `json:"reply_code"`
					Attempt                           int
				}
				Capture struct{ Gap bool }
			}
		}
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		auth := &a.Cleartap.Auth
		if strings.HasPrefix(a.Event.Code, "CT-CRED") {
			found[a.Source.IP] = append(found[a.Source.IP], tried{a.Event.Code, a.Network.Protocol, a.User.Name, auth.Mechanism, auth.Result, auth.Reply, auth.Authzid, auth.Realm, auth.Attempt, a.Cleartap.Capture.Gap})
		}
		if a.Event.Code == "CT-NET-001" {
			t.Errorf("%s: a conflict where nothing differs", a.Source.IP)
		}
	}
	return found
}
