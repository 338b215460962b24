package delivery

import (
	"math/rand/v2"
	"time"
)

// Pace says how long a sink rests after it took nothing. Zero values are the defaults.
type Pace struct {
	First time.Duration // after the first time at most; 1 s
	Last  time.Duration // never longer than that; 60 s
	Hold  time.Duration // at most, when somebody must change something; 30 s
}

// longestAsked is the most patience that a server can ask for.
const longestAsked = 5 * time.Minute

func (p Pace) withDefaults() Pace {
	if p.First <= 0 {
		p.First = time.Second
	}
	if p.Last <= 0 {
		p.Last = max(p.First, time.Minute)
	}
	if p.Hold <= 0 {
		p.Hold = 30 * time.Second
	}
	return p
}

// backoff is how long to rest after n tries in vain: any time up to a bound that
// doubles from First to Last (full jitter), so that many sensors do not come
// back at once.
func (p Pace) backoff(n int) time.Duration {
	bound := p.Last
	if n >= 1 && n < 32 {
		bound = min(p.Last, p.First<<(n-1))
	}
	return 1 + rand.N(bound)
}

// hold is how long to rest when only a change of the configuration helps.
func (p Pace) hold() time.Duration { return p.Hold/2 + rand.N(p.Hold/2+1) }
