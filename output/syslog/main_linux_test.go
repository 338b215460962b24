package syslog

import (
	"os"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/killtest"
	"cleartap/output/syslog/testdaemon"
	"cleartap/output/transport"
)

func TestMain(m *testing.M) {
	killtest.Main(m, func() (output.Sink, error) {
		get := func(name string) string { return os.Getenv("CLEARTAP_TEST_SYSLOG_" + name) }
		c := Config{Transport: TCP, Address: get("ADDR"), Timeout: 5 * time.Second}
		if get("CA") != "" {
			c.Transport, c.TLS = TLS, transport.TLS{CA: get("CA"), Certificate: get("CERT"), Key: get("KEY")}
		}
		return New(c)
	})
}

// Sensors are killed at random moments while alerts flow: all that were on disk
// arrive. Some come twice, with the same event.id.
func TestKilledSensorsLoseNothing(t *testing.T) {
	t.Parallel()
	root, ok := testdaemon.Packages(t)
	if !ok {
		return
	}
	a := testdaemon.NewAuthority(t)
	a.Server(t, nil)
	cert, key := a.Client(t)
	rs, ng := testdaemon.Rsyslog(t, root, a, "gtls"), testdaemon.SyslogNG(t, root, a)
	for name, d := range map[string]*testdaemon.Daemon{"rsyslog, tcp": rs, "syslog-ng, tls": ng} {
		d.Start()
		env := []string{"CLEARTAP_TEST_SYSLOG_ADDR=" + d.Addr("tcp")}
		if d == ng {
			env = []string{"CLEARTAP_TEST_SYSLOG_ADDR=" + d.Addr("mutual"), "CLEARTAP_TEST_SYSLOG_CA=" + a.CA, "CLEARTAP_TEST_SYSLOG_CERT=" + cert, "CLEARTAP_TEST_SYSLOG_KEY=" + key}
		}
		n, killed := killtest.Run(t, env...)
		var got []testdaemon.Line
		seen := map[string]int{}
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end) && len(seen) < n; time.Sleep(50 * time.Millisecond) {
			got, seen = d.Lines(), map[string]int{}
			for i := range got {
				seen[idOf(&got[i])]++
			}
		}
		lost := 0
		for i := range n {
			if seen[killtest.ID(i)] == 0 {
				lost++
			}
		}
		t.Logf("%s: %d alerts, %d sensors killed, %d lost, %d messages written", name, n, killed, lost, len(got))
		if lost > 0 || len(seen) != n {
			t.Errorf("%s: %d lost, %d ids", name, lost, len(seen))
		}
		d.Kill()
	}
}
