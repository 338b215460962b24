package syslog

import (
	"os"
	"testing"
	"time"

	"cleartap/output/format"
	"cleartap/output/transport"
)

// How many alerts a second go to a real receiver, with CLEARTAP_PROVE.
func TestRate(t *testing.T) {
	if os.Getenv("CLEARTAP_PROVE") == "" {
		t.Log("left out without CLEARTAP_PROVE")
		return
	}
	root, ok := packages(t)
	if !ok {
		return
	}
	a := newAuthority(t)
	a.server(t, nil)
	cert, key := a.client(t)
	secure := transport.TLS{CA: a.CA, Certificate: cert, Key: key}
	all := records("R", 50_000)
	for name, d := range map[string]*daemon{"rsyslog": rsyslog(t, root, a, "gtls"), "syslog-ng": syslogNG(t, root, a)} {
		d.start()
		for what, c := range map[string]Config{
			"tcp native": {Transport: TCP, Address: d.addr("tcp")}, "tls json": {Transport: TLS, Address: d.addr("mutual"), TLS: secure, Format: format.JSON},
			"socket": {Transport: Unix, Address: d.dir + "/dgram", Protocol: Local},
		} {
			s := open(t, c)
			begun := time.Now()
			for i := 0; i < len(all); i += 500 {
				send(t, s, all[i:i+500])
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begun)
			t.Logf("%s, %s: %.0f alerts/s until the receiver had read all", name, what, float64(len(all))/took.Seconds())
		}
		// UDP at its rate: what arrives is counted.
		before := len(d.lines())
		s := open(t, Config{Transport: UDP, Address: d.addr("udp")})
		for i := 0; i < 20_000; i += 500 {
			send(t, s, all[i:i+500])
		}
		time.Sleep(5 * time.Second)
		t.Logf("%s, udp at 5000/s: %d of 20000 arrived (%d lines before)", name, len(d.lines())-before, before)
		d.kill()
	}
}
