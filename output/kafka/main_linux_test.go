package kafka

import (
	"os"
	"testing"
	"time"

	"cleartap/output"
	"cleartap/output/format"
	"cleartap/output/kafka/testbroker"
	"cleartap/output/killtest"
)

func TestMain(m *testing.M) {
	killtest.Main(m, func() (output.Sink, error) {
		return New(Config{Brokers: []string{os.Getenv("CLEARTAP_TEST_KAFKA")}, Topic: "sensors", Format: format.JSON, Timeout: 20 * time.Second})
	})
}

// killedSensors kills sensors at random moments while alerts flow: all that were on
// disk arrive. Some come twice, with the same event.id.
func killedSensors(t *testing.T, b *testbroker.Broker) {
	name := topic(t, b, "sensors")
	n, killed := killtest.Run(t, "CLEARTAP_TEST_KAFKA="+b.Clear())
	got := consume(t, b, name, n)
	seen := map[string]int{}
	for _, r := range got {
		seen[string(r.Key)]++
	}
	lost := 0
	for i := range n {
		if seen[killtest.ID(i)] == 0 {
			lost++
		}
	}
	t.Logf("%d alerts, %d sensors killed, %d lost, %d records in the topic", n, killed, lost, len(got))
	if lost > 0 || len(seen) != n {
		t.Errorf("%d lost, %d ids", lost, len(seen))
	}
}
