package output

import (
	"crypto/sha256"
	"strconv"

	"cleartap/capture"
	"cleartap/detectors"
)

// SensorQuality makes the alert that tells that the sensor held back n alerts
// because there were more than may leave it (CT-NET-002).
func SensorQuality(at capture.Nanos, n int, p *Policy) Alert {
	f := detectors.Finding{Rule: detectors.SensorQuality, Severity: detectors.Medium}
	r := Redactor{Policy: p, f: &f}
	var buf [40]byte
	now := string(appendTime(buf[:0], at))
	sum := sha256.Sum256([]byte("v1\x00" + p.SensorName + "\x00" + f.Rule.ID + "\x00" + now))
	a := Alert{
		Timestamp: now, ECS: ECS{Version: ecsVersion},
		Message:  "the sensor held back " + strconv.Itoa(n) + " alerts: more came than may leave it; summaries of repeated ones follow",
		Observer: Observer{Vendor: vendor, Product: product, Type: sensorType, Version: p.Version, Name: p.SensorName},
		Event: Event{Kind: alertKind, Category: eventCategory, Type: []string{"info"}, Action: "sensor-quality", Severity: int(f.Severity), Code: f.Rule.ID,
			Module: module, Dataset: dataset, Created: now, ID: idOf(sum)},
		Cleartap: Cleartap{Severity: f.Severity.String(), Count: n},
	}
	r.rule(&a)
	return a
}
