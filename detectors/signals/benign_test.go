package signals

import (
	"fmt"
	"testing"

	"cleartap/capture"
	d "cleartap/detectors"
)

// Case 40 of the hard ones, and what else looks like guessing and is not: nothing is told
// of it but a client that repeats an old password.
func TestLooksLikeGuessing(t *testing.T) {
	nat := addr("198.51.100.1")
	for _, c := range []struct {
		name             string
		play             func(c *campaign)
		unmarked, marked string
	}{
		{"a phone that repeats an old password 300 times", func(c *campaign) { c.phone() }, "CLNT-001", "CLNT-001"},
		{"one password on 50 accounts", func(c *campaign) {
			for i := range 50 {
				c.login(begin+capture.Nanos(i)*10*second, outside(1), fmt.Sprint("user", i), "Spring2026", d.Failure)
			}
		}, "AUTH-002", "AUTH-002"},
		{"a gateway with 200 users, five typos each, on its first morning", func(c *campaign) {
			for i := range 200 {
				c.person(begin+8*hour+capture.Nanos(i)*25*second, nat, fmt.Sprint("office", i), 5)
			}
		}, "", ""},
		{"a gateway with 200 users and five typos in all", func(c *campaign) {
			for i := range 200 {
				c.person(begin+8*hour+capture.Nanos(i)*20*second, nat, fmt.Sprint("office", i), max(0, 1-i%40))
			}
		}, "", ""},
		{"a guesser behind the same gateway", func(c *campaign) {
			for i := range 200 {
				c.person(begin+8*hour+capture.Nanos(i)*20*second, nat, fmt.Sprint("office", i), i%2)
			}
			for i := range 60 {
				c.login(begin+9*hour+capture.Nanos(i)*second, nat, "director", different(i), d.Failure)
			}
		}, "AUTH-001", "AUTH-001"},
		{"a server that is out of order for an hour", func(c *campaign) {
			for i := range 300 {
				c.login(begin+capture.Nanos(i)*12*second, nat, fmt.Sprint("office", i%60), "right", d.TempFail)
			}
		}, "", ""},
		{"passwords that change over night, clients known", func(c *campaign) {
			for i := range 40 {
				user := fmt.Sprint("move", i)
				c.client(begin, begin+8*hour, nat, user, 20*minute, d.Success)
				c.client(begin+20*hour, begin+22*hour, nat, user, 30*minute, d.Failure)
				c.client(begin+22*hour, begin+30*hour, nat, user, 20*minute, d.Success)
			}
		}, "", ""},
		{"a team's mailbox whose password changes", func(c *campaign) {
			for i := range 25 {
				c.client(begin, begin+8*hour, outside(i), "team", 20*minute, d.Success)
				c.client(begin+8*hour, begin+9*hour, outside(i), "team", 10*minute, d.Failure)
				c.client(begin+9*hour, begin+12*hour, outside(i), "team", 20*minute, d.Success)
			}
		}, "", ""},
	} {
		m := newCampaign()
		c.play(m)
		if got := rules(m.play(Config{}, nil)); got != c.unmarked {
			t.Errorf("%s: %q, want %q", c.name, got, c.unmarked)
		}
		if got := rules(m.play(Config{}, testKey)); got != c.marked {
			t.Errorf("%s: with marks %q, want %q", c.name, got, c.marked)
		}
	}
}
