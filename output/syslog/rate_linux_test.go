package syslog

import (
	"os"
	"testing"
	"time"

	"cleartap/output/format"
	"cleartap/output/syslog/testdaemon"
	"cleartap/output/transport"
)

// How many alerts a second go to a real receiver, with CLEARTAP_PROVE.
func TestRate(t *testing.T) {
	if os.Getenv("CLEARTAP_PROVE") == "" {
		t.Log("left out without CLEARTAP_PROVE")
		return
	}
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := a.Client(t)
	secure := transport.TLS{CA: a.CA, Certificate: cert, Key: key}
	all := records("R", 50_000)
	for name, d := range map[string]*testdaemon.Daemon{"rsyslog": testdaemon.Rsyslog(t, root, a, "gtls"), "syslog-ng": testdaemon.SyslogNG(t, root, a)} {
		d.Start()
		for what, c := range map[string]Config{
			"tcp native": {Transport: TCP, Address: d.Addr("tcp")}, "tls json": {Transport: TLS, Address: d.Addr("mutual"), TLS: secure, Format: format.JSON},
			"socket": {Transport: Unix, Address: d.Dir + "/dgram", Protocol: Local},
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
		before := len(d.Lines())
		s := open(t, Config{Transport: UDP, Address: d.Addr("udp")})
		for i := 0; i < 20_000; i += 500 {
			send(t, s, all[i:i+500])
		}
		time.Sleep(5 * time.Second)
		t.Logf("%s, udp at 5000/s: %d of 20000 arrived (%d lines before)", name, len(d.Lines())-before, before)
		d.Kill()
	}
}
