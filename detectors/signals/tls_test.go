package signals

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"cleartap/capture"
	d "cleartap/detectors"
	"cleartap/detectors/secret"
)

// sessions are the sessions of a server: each greets and says what it offers.
type sessions struct {
	s     *Signals
	found []d.Finding
	n     int
	proto string
	from  d.Source
}

func newSessions() *sessions {
	v := &sessions{proto: "smtp", from: d.FromEHLO}
	v.s = New(Config{}, func(f *d.Finding) { v.found = append(v.found, *f) })
	return v
}

// session is one of a client, with the server that greets by a name.
func (v *sessions) session(at capture.Nanos, from netip.Addr, host string, o d.Offer) {
	v.n++
	var b d.Observation
	b.Protocol, b.Sides = v.proto, 2
	b.Flow.Client, b.Flow.Server, b.Flow.Start = netip.AddrPortFrom(from, uint16(30000+v.n%30000)), smtp, at
	b.Mark = capture.Mark{Time: at, Seq: uint32(v.n)}
	b.Decided = b.Mark
	b.Kind, b.Server = d.Greeting, &d.Server{Source: d.FromGreeting, Host: host, Product: "Postfix"}
	v.s.Observe(at, &b)
	o.Source = v.from
	b.Kind, b.Offer = d.Offered, &o
	v.s.Observe(at+second/10, &b)
}

var (
	with    = d.Offer{StartTLS: true}
	without = d.Offer{Auth: true}
)

// learn is two days of sessions of many clients, all offered the same.
func (v *sessions) learn(host string, o d.Offer) capture.Nanos {
	for i := range 48 {
		v.session(begin+capture.Nanos(i)*hour, outside(i%10), host, o)
	}
	return begin + 2*day
}

func TestRegression(t *testing.T) {
	const mx = "mx.example.org"
	for _, c := range []struct {
		name    string
		play    func(v *sessions, at capture.Nanos)
		want    string
		partial bool
	}{
		{"nothing changes", func(v *sessions, at capture.Nanos) {
			for i := range 50 {
				v.session(at+capture.Nanos(i)*minute, outside(i), mx, with)
			}
		}, "", false},
		{"stripped on the way to some", func(v *sessions, at capture.Nanos) {
			for i := range 10 {
				v.session(at+capture.Nanos(i)*minute, outside(i), mx, with)
				v.session(at+capture.Nanos(i)*minute+second, inside(i), mx, without)
			}
		}, "TLS-002", true},
		{"switched off", func(v *sessions, at capture.Nanos) {
			for i := range 20 {
				v.session(at+capture.Nanos(i)*10*minute, outside(i), mx, without)
			}
		}, "TLS-002", false},
		{"maintenance", func(v *sessions, at capture.Nanos) {
			for i := range 40 {
				o := without
				if i < 5 || i > 30 {
					o = with
				}
				v.session(at+capture.Nanos(i)*minute, outside(i%10), mx, o)
			}
		}, "", false},
		{"long maintenance that only some see, and all see the end of", func(v *sessions, at capture.Nanos) {
			for i := range 6 {
				v.session(at+capture.Nanos(i)*9*minute, outside(i), mx, without)
			}
			for i := range 60 {
				v.session(at+hour+capture.Nanos(i)*minute, outside(i), mx, with)
			}
		}, "", false},
		{"a new server behind the load balancer, by another name", func(v *sessions, at capture.Nanos) {
			for i := range 60 {
				v.session(at+capture.Nanos(i)*3*minute, outside(i), mx, with)
				v.session(at+capture.Nanos(i)*3*minute+second, outside(i), "mx2.example.org", without)
			}
		}, "", false},
		{"servers that differ and take turns", func(v *sessions, at capture.Nanos) {
			for i := range 60 {
				v.session(at+capture.Nanos(i)*3*minute, outside(i%7), mx, []d.Offer{with, without}[i%2])
			}
		}, "", false},
		{"masked: that is told by the mask", func(v *sessions, at capture.Nanos) {
			for i := range 20 {
				v.session(at+capture.Nanos(i)*10*minute, outside(i), mx, d.Offer{Masked: 1})
			}
		}, "", false},
		{"it does not know the question", func(v *sessions, at capture.Nanos) {
			for i := range 20 {
				v.session(at+capture.Nanos(i)*10*minute, outside(i), mx, d.Offer{Refused: true})
			}
		}, "", false},
	} {
		v := newSessions()
		c.play(v, v.learn(mx, with))
		if got := rules(v.found); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
			continue
		}
		if c.want == "" {
			continue
		}
		f := &v.found[0]
		if f.Downgrade.Partial != c.partial || (f.Severity == d.High) != c.partial || !slices.Equal(f.Downgrade.Stripped, []string{"STARTTLS"}) || f.Downgrade.Sessions < 48 || f.Kind != d.Regression {
			t.Errorf("%s: %s %+v", c.name, f.Severity, f.Downgrade)
		}
	}
}

// STARTTLS that is masked for some and shown to others is told at once, for the server;
// for all of a network, or before and after a change, it is not.
func TestMaskedForSome(t *testing.T) {
	masked := d.Offer{Masked: 1}
	for _, c := range []struct {
		name string
		play func(v *sessions)
		want string
	}{
		{"masked, and shown elsewhere", func(v *sessions) {
			v.session(begin, outside(1), "", masked)
			v.session(begin+hour, outside(2), "mx.example.org", with)
			v.session(begin+2*hour, outside(1), "", masked)
			v.session(begin+3*hour, outside(2), "mx.example.org", with)
		}, "TLS-002"},
		{"masked, and shown to a neighbour", func(v *sessions) {
			v.session(begin, inside(1), "", masked)
			v.session(begin+hour, inside(2), "mx.example.org", with)
		}, ""},
		{"shown first, masked for all then", func(v *sessions) {
			v.session(begin, outside(2), "mx.example.org", with)
			v.session(begin+hour, outside(1), "", masked)
			v.session(begin+2*hour, outside(2), "", masked)
		}, ""},
		{"masked long ago", func(v *sessions) {
			v.session(begin, outside(1), "", masked)
			v.session(begin+25*hour, outside(2), "mx.example.org", with)
		}, ""},
		{"words masked, STARTTLS left", func(v *sessions) {
			v.session(begin, outside(1), "mx.example.org", d.Offer{Masked: 1, StartTLS: true})
			v.session(begin+hour, outside(2), "mx.example.org", with)
		}, ""},
	} {
		v := newSessions()
		c.play(v)
		if got := rules(v.found); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		} else if got != "" && (v.found[0].Flow.Client.IsValid() || v.found[0].Severity != d.High || !v.found[0].Downgrade.Partial) {
			t.Errorf("%s: %+v", c.name, v.found[0])
		}
	}
}

// One connection that was recorded on both sides of something that takes STARTTLS away
// is told; two of a client that uses its port again, or see the same, are not.
func TestTwoVantagePoints(t *testing.T) {
	for _, c := range []struct {
		name          string
		apart         capture.Nanos
		port          int
		first, second d.Offer
		want          string
	}{
		{"stripped on the way", 2 * second / 1000, 0, with, without, "TLS-002"},
		{"the copies come the other way round", second, 0, without, with, "TLS-002"},
		{"both see the same", second / 1000, 0, with, with, ""},
		{"another connection", second / 1000, 1, with, without, ""},
		{"the port is used again", 10 * second, 0, with, without, ""},
		{"one connection asks twice", 0, 0, with, without, ""},
	} {
		v := newSessions()
		for i, offer := range []d.Offer{c.first, c.second} {
			at := begin + capture.Nanos(i)*c.apart
			o := d.Observation{Kind: d.Offered, Protocol: "smtp", Sides: 2, Mark: capture.Mark{Time: at}, Decided: capture.Mark{Time: at}}
			o.Flow.Client, o.Flow.Server, o.Flow.Start = netip.AddrPortFrom(inside(1), uint16(40000+i*c.port)), smtp, at
			offer.Source = d.FromEHLO
			o.Offer = &offer
			v.s.Observe(at, &o)
		}
		if got := rules(v.found); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// What was never a rule is not missed: servers without TLS, those seen for hours only,
// and those that hide it from some clients all the time.
func TestRegressionNeedsABaseline(t *testing.T) {
	v := newSessions()
	for i := range 20 {
		v.session(begin+capture.Nanos(i)*hour, outside(i), "new.example.org", with)
	}
	for i := range 200 {
		at := begin + day + capture.Nanos(i)*hour
		v.session(at, outside(i), "new.example.org", without)
		v.session(at+1, outside(i), "never.example.org", without)
		v.session(at+2, outside(i%5), "some.example.org", with)
		v.session(at+3, inside(i%5), "some.example.org", without)
	}
	if len(v.found) != 0 {
		t.Errorf("%s", rules(v.found))
	}
}

func TestRegressionOfLoginDisabled(t *testing.T) {
	v := newSessions()
	v.proto, v.from = "imap", d.FromCapability
	at := v.learn("", d.Offer{StartTLS: true, LoginDisabled: true})
	for i := range 20 {
		v.session(at+capture.Nanos(i)*10*minute, outside(i), "", d.Offer{StartTLS: true})
	}
	if rules(v.found) != "TLS-002" || !slices.Equal(v.found[0].Downgrade.Stripped, []string{"LOGINDISABLED"}) || !slices.Equal(v.found[0].Downgrade.Baseline, []string{"STARTTLS", "LOGINDISABLED"}) {
		t.Errorf("%s %+v", rules(v.found), v.found)
	}
}

func TestFallback(t *testing.T) {
	flow := func(o *d.Observation, client int, port uint16, to netip.AddrPort) {
		o.Flow.Client, o.Flow.Server = netip.AddrPortFrom(outside(client), port), to
	}
	upgrade := func(r d.UpgradeResult) d.Observation {
		return d.Observation{Kind: d.Upgraded, Protocol: "imap", Upgrade: &d.Upgrade{Result: r}}
	}
	failed := d.Observation{Kind: d.Handshake, Protocol: "imap", TLS: &d.TLS{Implicit: true, End: d.HandshakeFailed}}
	fine := d.Observation{Kind: d.Handshake, Protocol: "imap", TLS: &d.TLS{End: d.HandshakeEstablished}}
	imaps := netip.AddrPortFrom(server.Addr(), 993)
	for _, c := range []struct {
		name   string
		try    d.Observation
		to     netip.AddrPort
		after  capture.Nanos
		client int
		proto  string
		want   string
	}{
		{"refused, same client", upgrade(d.Rejected), server, second, 1, "imap", "rejected"},
		{"cut off", upgrade(d.Interrupted), server, 100 * second, 1, "imap", "interrupted"},
		{"not followed", upgrade(d.NotFollowed), server, second, 1, "imap", "not_followed"},
		{"broken handshake on another port", failed, imaps, 119 * second, 1, "imap", "failed"},
		{"too late", failed, imaps, 121 * second, 1, "imap", ""},
		{"another client", failed, imaps, second, 2, "imap", ""},
		{"another protocol", failed, imaps, second, 1, "smtp", ""},
		{"it worked", upgrade(d.Followed), server, second, 1, "imap", ""},
		{"it worked at once", upgrade(d.Implicit), server, second, 1, "imap", ""},
		{"nobody answered", upgrade(d.Unanswered), server, second, 1, "imap", ""},
		{"a good handshake", fine, server, second, 1, "imap", ""},
	} {
		var found []d.Finding
		s := New(Config{}, func(f *d.Finding) { found = append(found, *f) })
		flow(&c.try, 1, 4000, c.to)
		s.Observe(begin, &c.try)
		in := d.Observation{Kind: d.Login, Protocol: c.proto, Result: d.Success, Attempt: d.Attempt{Identity: "alice", Secret: secret.Of(nil)}}
		flow(&in, c.client, 4001, server)
		for i := range 3 { // told once
			s.Observe(begin+c.after+capture.Nanos(i), &in)
		}
		s.Flush()
		got := ""
		for i := range found {
			got += fmt.Sprint(found[i].Downgrade.Upgrade)
			if found[i].Rule != d.PlainFallback || found[i].Kind != d.Fallback || found[i].Severity != d.High || found[i].Attempt.Identity != "alice" {
				t.Errorf("%s: %+v", c.name, found[i])
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
