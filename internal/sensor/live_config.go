package sensor

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"cleartap/capture"
)

// LiveConfig says where a live sensor listens, beside what Config says.
type LiveConfig struct {
	Config                      // Jobs is not used
	Inputs        [][]string    // each the interfaces that are read as one: one, or the two outputs of a tap
	Workers       int           // that share the flows of an input of one interface; 0: one for two cores
	NoTunnels     bool          // leave tunnels alone
	Queue         int           // observations that may wait for their receiver; 0: DefaultQueue
	StatsInterval time.Duration // between two health records; 0: one minute
	Patience      time.Duration // how long something must be amiss before it is told; 0: one minute
	Open          func(Tap) (capture.Live, error)
}

// DefaultQueue is how many observations may wait for their receiver, unless LiveConfig says otherwise.
const DefaultQueue = 16384

// Tap says what one worker wants of an input.
type Tap struct {
	Interfaces []string
	Fanout     uint16                  // group in which workers share an interface; 0: this worker has it alone
	Event      func(capture.LinkEvent) // told of interfaces that come and go
}

// Validate returns what is wrong with c, all of it.
func (c *LiveConfig) Validate() error {
	var errs []error
	if len(c.Inputs) == 0 {
		errs = append(errs, errors.New("no interface named"))
	}
	seen := map[string]bool{}
	for _, in := range c.Inputs {
		for _, name := range in {
			if seen[name] {
				errs = append(errs, fmt.Errorf("interface %s is named twice", name))
			}
			seen[name] = true
		}
	}
	if c.Workers < 0 || c.Workers > MaxWorkers {
		errs = append(errs, fmt.Errorf("%d workers: there may be 1 to %d", c.Workers, MaxWorkers))
	}
	return errors.Join(errs...)
}

// MaxWorkers is the most workers that may share an input.
const MaxWorkers = 64

// withDefaults fills in what was left zero.
func (c LiveConfig) withDefaults() LiveConfig {
	if c.Workers <= 0 {
		c.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Queue <= 0 {
		c.Queue = DefaultQueue
	}
	if c.StatsInterval <= 0 {
		c.StatsInterval = time.Minute
	}
	if c.Patience <= 0 {
		c.Patience = time.Minute
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = DefaultMemory
	}
	if c.OutcomeWait <= 0 {
		c.OutcomeWait = 10 * time.Second
	}
	return c
}

// workers is how many workers read an input. The sockets of a fan-out group take
// their places in the order in which they join; two interfaces that come and go
// by themselves would not keep the same order, so that a tap's outputs have one reader.
func (c *LiveConfig) workers(in []string) int {
	if len(in) > 1 {
		return 1
	}
	return c.Workers
}

// inputName is how an input is named to people: its interfaces joined by "+".
func inputName(in []string) string { return strings.Join(in, "+") }
