//go:build linux

package main

import (
	"strings"
	"time"

	"cleartap/internal/lab"
)

func networkScenes() []scene {
	const clients = "Dovecot, Postfix, Exim; curl, swaks, Python"
	return []scene{
		{file: "loss.pcap", shows: "5 % of the packets lost, 25 % out of order, 5 % doubled, between client and server, ahead of the recorder", how: clients,
			play: under(lab.Conditions{Loss: .05, Reorder: .25, Duplicate: .05, Seed: 3}, 0)},
		{file: "duplicates.pcap", shows: "half of the packets twice, the copy up to 10 ms later", how: clients, play: under(lab.Conditions{Duplicate: .5, Seed: 4}, 0)},
		{file: "reordered.pcap", shows: "most packets out of order", how: clients, play: under(lab.Conditions{Reorder: .6, Seed: 5}, 0)},
		{file: "vlan.pcap", shows: "an IEEE 802.1Q tag", how: clients, play: under(lab.Conditions{Tags: [2][]uint16{{80}, {80}}}, 0)},
		{file: "vlan-asymmetric.pcap", shows: "another VLAN in each direction", how: clients, play: under(lab.Conditions{Tags: [2][]uint16{{81}, {82}}}, 0)},
		{file: "qinq.pcap", shows: "two tags, the outer one of type 88a8", how: clients, play: under(lab.Conditions{Tags: [2][]uint16{{900, 80}, {900, 80}}}, 0)},
		{file: "ipv6.pcap", shows: "IPv6", how: clients, play: overIPv6(lab.Conditions{})},
		{file: "fragments-ipv4.pcap", shows: "IPv4 fragments of 68 bytes", how: clients, play: under(lab.Conditions{Fragment: 68}, 0)},
		{file: "fragments-reversed.pcap", shows: "IPv4 fragments, the last one first", how: clients, play: under(lab.Conditions{Fragment: 76, Reverse: true}, 0)},
		{file: "fragments-ipv6.pcap", shows: "IPv6 fragments of 128 bytes", how: clients, play: overIPv6(lab.Conditions{Fragment: 128})},
		{file: "small-mtu.pcap", shows: "an MTU of 120: lines over several segments", how: clients, play: under(lab.Conditions{}, 120)},
		{file: "one-direction.pcap", shows: "the client's packets alone: logins without an outcome", how: clients, play: sample, lay: oneDirection},
		{file: "midstream.pcap", shows: "recording begins in the middle of every connection, after the greeting", how: clients, play: sample, lay: midstream},
	}
}

// sample is a handful of logins by several clients in several protocols.
func sample(s *stage) {
	a := s.account()
	s.run(s.curl(s.url("imap", lab.OpenNode), a, "--login-options", "AUTH=PLAIN"), accepted(sasl("imap", "PLAIN", a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.python(imaplibLogin, s.at(lab.OpenNode).String(), "143", a.Name, a.Password), accepted(imapLogin(a.Name, a.Password)).by(python))
	a = s.account()
	a.Password = wrong(a)
	s.run(s.python(poplibUser, s.at(lab.OpenNode).String(), "110", a.Name, a.Password), refused(userPass(a.Name, a.Password)).by(python))
	a = s.account()
	s.run(s.curl(s.url("pop3", lab.OpenNode), a, "--login-options", "AUTH=+APOP"), accepted(apop(a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.curl(s.url("smtp", lab.OpenNode), a, "--login-options", "AUTH=LOGIN"), accepted(sasl("smtp", "LOGIN", a.Name, a.Password)).by(curl))
	a = s.account()
	s.run(s.swaks(lab.EximNode, 587, "PLAIN", a), accepted(sasl("smtp", "PLAIN", a.Name, a.Password)).by(swaks))
	a = s.account()
	token := lab.Token(a.Name, canary("token "+a.Name))
	s.run(s.curl(s.url("imap", lab.OpenNode), lab.Account{Name: a.Name}, "--oauth2-bearer", token, "--sasl-ir", "--login-options", "AUTH=OAUTHBEARER"),
		accepted(sasl("imap", "OAUTHBEARER", a.Name, token)).by(curl).noted("a line of 600 bytes"))
}

// under plays the sample under these conditions, with an MTU unless it is 0.
func under(c lab.Conditions, mtu int) func(*stage) {
	return func(s *stage) {
		if c.Loss > 0 || c.Reorder > 0 || c.Duplicate > 0 {
			s.rest = 400 * time.Millisecond
		}
		s.lab.Wire.Set(c)
		if mtu > 0 {
			s.errs = append(s.errs, s.lab.MTU(mtu))
			defer func() { s.errs = append(s.errs, s.lab.MTU(1500)) }()
		}
		sample(s)
	}
}

func overIPv6(c lab.Conditions) func(*stage) {
	return func(s *stage) {
		s.ipv6 = true
		under(c, 0)(s)
	}
}

// oneDirection leaves the server's packets out.
func oneDirection(frames []lab.Frame, logins []login) []recording {
	var keep []lab.Frame
	for _, f := range frames {
		if f.Dir == lab.ToServer {
			keep = append(keep, f)
		}
	}
	for i := range logins {
		logins[i].Outcome, logins[i].Result = "unknown", "unknown"
	}
	return []recording{{file: "one-direction.pcap", frames: keep, logins: logins}}
}

// midstream leaves out all packets of a connection up to and with the one that
// ends the greeting.
func midstream(frames []lab.Frame, logins []login) []recording {
	greeted := map[tuple]bool{}
	var keep []lab.Frame
	for _, f := range frames {
		s, ok := segment(orEmpty(network(f.Data)), f.Dir)
		if ok && greeted[s.tuple] {
			keep = append(keep, f)
		}
		if ok && s.dir == lab.ToClient && strings.Contains(string(s.bytes), "\r\n") {
			greeted[s.tuple] = true
		}
	}
	return []recording{{file: "midstream.pcap", frames: keep, logins: logins}}
}

// orEmpty is the packet, or one that no protocol has.
func orEmpty(ip []byte) []byte {
	if len(ip) < 40 {
		return make([]byte, 40)
	}
	return ip
}
