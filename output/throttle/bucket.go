package throttle

import "time"

// bucket holds as many permits as a second gives; what was not used is not saved
// for longer.
type bucket struct {
	rate int
	have float64
	at   time.Time
}

// take takes one permit, if there is one.
func (b *bucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.have = float64(b.rate)
	} else if d := now.Sub(b.at); d > 0 {
		b.have = min(float64(b.rate), b.have+d.Seconds()*float64(b.rate))
	}
	b.at = now
	if b.have < 1 {
		return false
	}
	b.have--
	return true
}
