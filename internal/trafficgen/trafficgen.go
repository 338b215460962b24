// Package trafficgen writes large and fully deterministic captures for measuring
// the sensor, with the truth of what they hold. Its invariant: the same options
// give the same bytes, and nothing is ever lost, so that every login of the
// truth can be found.
package trafficgen

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// Profile names a kind of traffic.
type Profile string

// The profiles.
const (
	Mix      Profile = "mix"      // 5 % of the packets are mail, the rest TLS-like, HTTP-like, SSH-like, QUIC-like and DNS-like
	Mail     Profile = "mail"     // mail sessions in which message bodies of 1 to 500 KB dominate
	Logins   Profile = "logins"   // nothing but short logins: the most work a flow can make
	Flood    Profile = "flood"    // half-open flows: a SYN and one line of the client, never finished
	Midflood Profile = "midflood" // flows of which one data segment is seen, and no SYN
)

// Profiles lists them all.
func Profiles() []Profile { return []Profile{Mix, Mail, Logins, Flood, Midflood} }

// Options of a capture. Shares and probabilities lie between 0 and 1.
type Options struct {
	Profile    Profile
	Seed       uint64
	Bytes      int64   // no new flow begins once the capture is this long
	Flows      int     // flows of the floods; at least so many flows of logins
	Conc       int     // mail flows at the same time
	OtherConc  int     // other flows at the same time (mix)
	IPv6       float64 // share of flows over IPv6
	VLAN       float64 // share of flows with an 802.1Q tag
	Reorder    float64 // probability that a data segment changes places with its successor
	Retransmit float64 // probability that a data segment is sent again
	Split      float64 // probability that a line of a client is cut over two segments
	Wrap       float64 // share of flows whose client sequence number wraps during the login
	Port2525   float64 // share of flows whose client port is 2525, which is a mail port
	Rate       float64 // bits per second, sets the time stamps
}

// Defaults are the options that the documented figures were measured with.
func Defaults(p Profile) Options {
	return Options{Profile: p, Seed: 1, Bytes: 1 << 30, Flows: 2_000_000, Conc: 2000, OtherConc: 3000,
		IPv6: .10, Reorder: .004, Retransmit: .004, Split: .02, Wrap: .005, Port2525: .0001, Rate: 1e9}
}

// Validate returns what is wrong with o.
func (o *Options) Validate() error {
	known := false
	for _, p := range Profiles() {
		known = known || p == o.Profile
	}
	if !known {
		return fmt.Errorf("profile %q: it is one of %v", o.Profile, Profiles())
	}
	if o.Conc < 1 || o.OtherConc < 0 || o.Flows < 0 || o.Bytes < 0 || o.Rate <= 0 {
		return fmt.Errorf("flows, bytes and rate must be positive")
	}
	return nil
}

// Truth counts what a capture holds.
type Truth struct {
	Profile     Profile        `json:"profile"`
	Seed        uint64         `json:"seed"`
	Packets     int64          `json:"packets"`
	Bytes       int64          `json:"bytes"`
	MailPackets int64          `json:"mail_packets"`
	Flows       int64          `json:"flows"`
	MailFlows   int64          `json:"mail_flows"`
	Encrypted   int64          `json:"encrypted_flows"` // mail flows that went to TLS before any login
	Logins      int64          `json:"logins"`
	ByMechanism map[string]int `json:"by_mechanism"` // "protocol MECHANISM outcome"
}

// generator holds what one run needs.
type generator struct {
	o     Options
	rnd   *rand.Rand
	out   *bufio.Writer
	truth Truth
	noise []byte // where bulk payload is cut from
	frame []byte
	clock float64 // seconds since the start
	users int
}

const noiseSize = 1 << 20

// Generate writes a capture (pcap, microseconds, Ethernet) and returns its truth.
func Generate(w io.Writer, o Options) (Truth, error) {
	if err := o.Validate(); err != nil {
		return Truth{}, err
	}
	g := &generator{o: o, rnd: rand.New(rand.NewPCG(o.Seed, 0x636c656172746170)), out: bufio.NewWriterSize(w, 1<<20)}
	g.truth = Truth{Profile: o.Profile, Seed: o.Seed, ByMechanism: map[string]int{}}
	g.noise = make([]byte, noiseSize)
	for i := range g.noise {
		g.noise[i] = byte(g.rnd.Uint32())
	}
	g.header()
	g.run()
	return g.truth, g.out.Flush()
}

// run keeps the wanted number of flows going, and emits one segment of a random
// one at a time, until no flow may begin any more and all have ended.
func (g *generator) run() {
	var mail, other []*flow
	for {
		for len(mail) < g.o.Conc && g.more() {
			mail = append(mail, g.mailFlow())
		}
		for g.o.Profile == Mix && len(other) < g.o.OtherConc && g.more() {
			other = append(other, g.otherFlow())
		}
		if len(mail)+len(other) == 0 {
			return
		}
		if g.pickMail(len(mail), len(other)) {
			mail = g.step(mail)
		} else {
			other = g.step(other)
		}
	}
}

// more reports whether new flows may begin.
func (g *generator) more() bool {
	switch g.o.Profile {
	case Flood, Midflood:
		return g.truth.Flows < int64(g.o.Flows)
	case Logins:
		return g.truth.Flows < int64(g.o.Flows) || g.truth.Bytes < g.o.Bytes
	default:
		return g.truth.Bytes < g.o.Bytes
	}
}

func (g *generator) pickMail(mail, other int) bool {
	switch {
	case other == 0:
		return true
	case mail == 0:
		return false
	}
	return g.truth.MailPackets*20 < g.truth.Packets
}

// step emits the next segment of one of the flows and drops the flow if it was the last.
func (g *generator) step(flows []*flow) []*flow {
	i := g.rnd.IntN(len(flows))
	f := flows[i]
	g.emit(f, &f.segments[f.next])
	f.next++
	if f.next == len(f.segments) {
		flows[i] = flows[len(flows)-1]
		flows = flows[:len(flows)-1]
	}
	return flows
}
