package syslog

import (
	"context"
	"os"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/transport"
)

// Alerts flow to a real receiver that is killed again and again. None is lost; some
// come twice, with the same event.id.
func TestKilledReceiversLoseNothing(t *testing.T) {
	t.Parallel()
	root, ok := packages(t)
	if !ok {
		return
	}
	a := newAuthority(t)
	a.server(t, nil)
	cert, key := a.client(t)
	n, kills, short := 1200, 2, os.Getenv("CLEARTAP_PROVE") == ""
	if !short {
		n, kills = 40000, 40
	}
	for name, make := range map[string]func() (*daemon, Config){
		"rsyslog, tcp": func() (*daemon, Config) {
			d := rsyslog(t, root, a, "gtls")
			return d, Config{Transport: TCP, Address: d.addr("tcp")}
		},
		"rsyslog, tls": func() (*daemon, Config) {
			d := rsyslog(t, root, a, "gtls")
			return d, Config{Transport: TLS, Address: d.addr("mutual"), TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}}
		},
		"rsyslog, socket": func() (*daemon, Config) {
			d := rsyslog(t, root, a, "gtls")
			return d, Config{Transport: Unix, Address: d.dir + "/dgram"}
		},
		"syslog-ng, lines": func() (*daemon, Config) {
			d := syslogNG(t, root, a)
			return d, Config{Transport: TCP, Address: d.addr("lf"), Framing: Lines}
		},
		"syslog-ng, tls": func() (*daemon, Config) {
			d := syslogNG(t, root, a)
			return d, Config{Transport: TLS, Address: d.addr("mutual"), TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}}
		},
	} {
		if short && (name == "rsyslog, tcp" || name == "syslog-ng, tls") {
			continue
		}
		d, c := make()
		if d.ready = []string{"tcp"}; c.Transport == TLS {
			d.ready = []string{"mutual"}
		}
		d.start()
		c.Timeout = 2 * time.Second
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		all := records("K", n)
		q := delivery.NewQueue(0, 0)
		del := delivery.Start(delivery.Config{Name: name, Sink: s, Source: q, Batch: 64, Pace: delivery.Pace{First: 20 * time.Millisecond, Last: 100 * time.Millisecond}})
		feed(t, q, all, n/(kills+1), func() { d.kill(); d.start() })
		q.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		if err := del.Drain(ctx); err != nil {
			t.Errorf("%s: %v, %+v", name, err, del.Stats())
		}
		cancel()
		got, lost := d.lines(), n
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // what the receiver has read, it writes
			got = d.lines()
			if lost = missing(got, all); lost == 0 {
				break
			}
		}
		st := del.Stats()
		t.Logf("%s: %d alerts, %d kills, %d lost, %d messages written, %d sent again by the sink, %d by the service", name, n, kills, lost, len(got), s.Resent(), st.Retries)
		if lost > 0 || st.Delivered != uint64(n) {
			t.Errorf("%s: %d lost, %d delivered of %d", name, lost, st.Delivered, n)
		}
		d.kill()
	}
}

// missing counts the records that the receiver did not write.
func missing(got []line, all []output.Record) int {
	seen := map[string]bool{}
	for i := range got {
		seen[idOf(&got[i])] = true
	}
	n := 0
	for _, r := range all {
		if !seen[r.ID] {
			n++
		}
	}
	return n
}

// idOf finds the id in what a receiver understood.
func idOf(l *line) string {
	if id := l.Flat["event_id"]; id != "" {
		return id
	}
	if m := idPair.FindStringSubmatch(l.Msg + l.Raw); m != nil {
		return m[1]
	}
	return ""
}

// feed hands over records, with a break after every so many.
func feed(t *testing.T, q *delivery.Queue, all []output.Record, every int, pause func()) {
	t.Helper()
	for i, r := range all {
		if i > 0 && i%every == 0 && i/every*every < len(all)-every/2 {
			pause()
		}
		if i%20 == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := q.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}
