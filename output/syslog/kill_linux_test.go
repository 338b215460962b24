package syslog

import (
	"context"
	"os"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/syslog/testdaemon"
	"cleartap/output/transport"
)

// Alerts flow to a real receiver that is killed again and again. None is lost; some
// come twice, with the same event.id.
func TestKilledReceiversLoseNothing(t *testing.T) {
	t.Parallel()
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := a.Client(t)
	n, kills, short := 1200, 2, os.Getenv("CLEARTAP_PROVE") == ""
	if !short {
		n, kills = 40000, 40
	}
	for name, make := range map[string]func() (*testdaemon.Daemon, Config){
		"rsyslog, tcp": func() (*testdaemon.Daemon, Config) {
			d := testdaemon.Rsyslog(t, root, a, "gtls")
			return d, Config{Transport: TCP, Address: d.Addr("tcp")}
		},
		"rsyslog, tls": func() (*testdaemon.Daemon, Config) {
			d := testdaemon.Rsyslog(t, root, a, "gtls")
			return d, Config{Transport: TLS, Address: d.Addr("mutual"), TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}}
		},
		"rsyslog, socket": func() (*testdaemon.Daemon, Config) {
			d := testdaemon.Rsyslog(t, root, a, "gtls")
			return d, Config{Transport: Unix, Address: d.Dir + "/dgram"}
		},
		"syslog-ng, lines": func() (*testdaemon.Daemon, Config) {
			d := testdaemon.SyslogNG(t, root, a)
			return d, Config{Transport: TCP, Address: d.Addr("lf"), Framing: Lines}
		},
		"syslog-ng, tls": func() (*testdaemon.Daemon, Config) {
			d := testdaemon.SyslogNG(t, root, a)
			return d, Config{Transport: TLS, Address: d.Addr("mutual"), TLS: transport.TLS{CA: a.CA, Certificate: cert, Key: key}}
		},
	} {
		if short && (name == "rsyslog, tcp" || name == "syslog-ng, tls") {
			continue
		}
		d, c := make()
		if d.Ready = []string{"tcp"}; c.Transport == TLS {
			d.Ready = []string{"mutual"}
		}
		d.Start()
		c.Timeout = 2 * time.Second
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		all := records("K", n)
		q := delivery.NewQueue(0, 0)
		del := delivery.Start(delivery.Config{Name: name, Sink: s, Source: q, Batch: 64, Pace: delivery.Pace{First: 20 * time.Millisecond, Last: 100 * time.Millisecond}})
		feed(t, q, all, n/(kills+1), func() {
			before := del.Stats().Delivered // something is to be under way
			for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && del.Stats().Delivered == before; {
				time.Sleep(time.Millisecond)
			}
			d.Kill()
			d.Start()
		})
		q.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		if err := del.Drain(ctx); err != nil {
			t.Errorf("%s: %v, %+v", name, err, del.Stats())
		}
		cancel()
		got, lost := d.Lines(), n
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // what the receiver has read, it writes
			got = d.Lines()
			if lost = missing(got, all); lost == 0 {
				break
			}
		}
		st := del.Stats()
		t.Logf("%s: %d alerts, %d kills, %d lost, %d messages written, %d sent again by the sink, %d by the service", name, n, kills, lost, len(got), s.Resent(), st.Retries)
		if s.Resent()+st.Retries == 0 {
			t.Errorf("%s: the kills were not felt", name)
		}
		if lost > 0 || st.Delivered != uint64(n) {
			t.Errorf("%s: %d lost, %d delivered of %d", name, lost, st.Delivered, n)
		}
		d.Kill()
	}
}

// missing counts the records that the receiver did not write.
func missing(got []testdaemon.Line, all []output.Record) int {
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
func idOf(l *testdaemon.Line) string {
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
