package sensor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors/all"
)

// played is a live source that plays a capture once, then is idle.
type played struct {
	capture.Source
	over  bool
	stats capture.LiveStats
	event func(capture.LinkEvent)
	close atomic.Bool
	shift capture.Nanos
	slow  time.Duration
}

func (p *played) Next(f *capture.Frame) error {
	if p.over {
		time.Sleep(time.Millisecond)
		return capture.ErrIdle
	}
	err := p.Source.Next(f)
	if errors.Is(err, io.EOF) {
		p.over = true
		return capture.ErrIdle
	}
	if p.shift == 0 {
		p.shift = capture.Nanos(time.Now().UnixNano()) - f.Time
	}
	time.Sleep(p.slow)
	f.Time += p.shift
	p.stats.Packets++
	return err
}

func (p *played) Stats() capture.LiveStats { return p.stats }
func (p *played) Files() []string          { return []string{"eth1"} }
func (p *played) Close() error {
	p.close.Store(true)
	return p.Source.Close()
}

func play(t *testing.T, file string) *played {
	t.Helper()
	in := capture.Find([]string{file}, capture.FindOptions{})
	if len(in.Captures) != 1 {
		t.Fatalf("%s: %v", file, in.Problems)
	}
	return &played{Source: in.Captures[0].Open(nil, nil)}
}

// heard keeps what a sensor tells.
type heard struct {
	logins  []string
	notices []string
	health  []*Health
	onTick  func()
	settled []int // how many health records there were
	ifaces  []string
}

func (h *heard) Observation(o *LiveObservation) {
	h.logins = append(h.logins, fmt.Sprintf("%s %s %s", o.Protocol, o.Attempt.Identity, o.Result))
	h.ifaces = append(h.ifaces, o.Interface)
}

func (h *heard) Notice(n Notice) {
	h.notices = append(h.notices, strings.TrimSpace(fmt.Sprint(n.Text, " ", n.Over)))
}
func (h *heard) Health(x *Health) { h.health = append(h.health, x) }
func (h *heard) Settle()          { h.settled = append(h.settled, len(h.health)) }
func (h *heard) Tick() {
	if h.onTick != nil {
		h.onTick()
	}
}

func liveConfig(sources ...*played) LiveConfig {
	i := 0
	return LiveConfig{
		Config: Config{Protocols: all.Protocols(), OutcomeWait: time.Second}, Inputs: [][]string{{"eth1"}}, Workers: 1,
		Open: func(tap Tap) (capture.Live, error) {
			s := sources[i]
			i++
			s.event = tap.Event
			return s, nil
		},
	}
}

func example(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "pcaps", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a sensor until done.
func run(t *testing.T, cfg LiveConfig, h *heard, done func(l *Live) bool) *Live {
	t.Helper()
	l, err := OpenLive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	h.onTick = func() {
		if done(l) {
			cancel()
		}
	}
	l.Run(ctx, h, nil)
	return l
}

// While nothing comes, time goes on: outcomes that do not come are given up, and
// the sensor is alive.
func TestTimePassesWithoutPackets(t *testing.T) {
	src, h := play(t, example(t, "one-direction.pcap")), &heard{}
	begun := time.Now()
	l := run(t, liveConfig(src), h, func(l *Live) bool { return len(l.queue) == 0 && time.Since(begun) > 2*time.Second })
	if len(h.logins) == 0 || !src.close.Load() || l.workers[0].beats.Load() < 5 || !l.Moved() {
		t.Errorf("logins %q, closed %t, beats %v", h.logins, src.close.Load(), l.workers[0].beats.Load())
	}
	for _, i := range h.ifaces {
		if i != "eth1" {
			t.Errorf("interface %q", i)
		}
	}
	if !slices.Equal(h.settled, []int{len(h.health) - 1}) {
		t.Errorf("settled after %v of %d health records", h.settled, len(h.health))
	}
	last := h.health[len(h.health)-1]
	if last.Total.Packets == 0 || last.Total.Kernel.Packets != last.Total.Packets || last.Uptime <= 0 || last.Memory <= 0 {
		t.Errorf("%+v", last)
	}
}

// What makes a sensor blind is told once, and once when it is over.
func TestFaultsAreToldOnce(t *testing.T) {
	src, h := play(t, example(t, "one-direction.pcap")), &heard{}
	cfg := liveConfig(src)
	cfg.Patience, cfg.StatsInterval = 300*time.Millisecond, 100*time.Millisecond
	begun := time.Now()
	run(t, cfg, h, func(*Live) bool { return time.Since(begun) > 2*time.Second })
	for _, want := range []string{string(silent) + " false", string(oneSided) + " false"} {
		n := 0
		for _, got := range h.notices {
			if got == want {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q told %d times: %q", want, n, h.notices)
		}
	}
	if s := h.health[len(h.health)-1]; s.State != StateBlind || len(s.Reasons) < 2 {
		t.Errorf("%s %q", s.State, s.Reasons)
	}
}

func TestDropsAreTold(t *testing.T) {
	src, h := play(t, example(t, "pop3-dovecot.pcap")), &heard{}
	src.stats = capture.LiveStats{Packets: 100, Drops: 3, Freezes: 1}
	cfg := liveConfig(src)
	cfg.Patience, cfg.StatsInterval = 300*time.Millisecond, time.Hour
	begun, again := time.Now(), false
	run(t, cfg, h, func(*Live) bool {
		if !again && slices.Contains(h.notices, string(dropping)+" false") {
			again = true
		}
		return time.Since(begun) > 1200*time.Millisecond
	})
	var got []string
	for _, n := range h.notices {
		if strings.Contains(n, string(dropping)) {
			got = append(got, n)
		}
	}
	if want := []string{string(dropping) + " false", "good again, it was: " + string(dropping) + " true"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Several workers that lose an interface tell it once.
func TestInterfacesAreToldOnce(t *testing.T) {
	a, b, h := play(t, example(t, "pop3-dovecot.pcap")), play(t, example(t, "imap-dovecot.pcap")), &heard{}
	cfg := liveConfig(a, b)
	cfg.Workers = 2
	ticks := 0
	var states []State
	run(t, cfg, h, func(l *Live) bool {
		switch ticks++; ticks {
		case 2:
			a.event(capture.LinkEvent{Interface: "eth1", Err: errors.New("network is down")})
			b.event(capture.LinkEvent{Interface: "eth1", Err: errors.New("network is down")})
		case 4:
			states = append(states, l.Health().State)
			a.event(capture.LinkEvent{Interface: "eth1", Up: true})
		case 6:
			b.event(capture.LinkEvent{Interface: "eth1", Up: true})
		}
		return ticks == 8
	})
	if len(h.notices) != 2 || !strings.Contains(h.notices[0], "gone") || !strings.Contains(h.notices[1], "back") || states[0] != StateBlind {
		t.Errorf("%q, %v", h.notices, states)
	}
}

// When nobody takes what the workers find, they go on, and count what is lost.
func TestSlowReceiverStallsNoWorker(t *testing.T) {
	src, h := play(t, example(t, "guessing.pcap")), &heard{}
	cfg := liveConfig(src)
	cfg.Queue, cfg.Patience = 1, 200*time.Millisecond
	l, err := OpenLive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	begun := time.Now()
	h.onTick = func() {
		if time.Since(begun) > time.Second {
			cancel()
		}
	}
	control := make(chan func(), 1)
	control <- func() { // stands still until the capture is over
		for end := time.Now().Add(10 * time.Second); l.workers[0].published.Load().Packets < 156 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	l.Run(ctx, h, control)
	c := l.input(0)
	if c.Lost == 0 || c.Observations != uint64(len(h.logins))+c.Lost {
		t.Errorf("%d observations, %d told, %d lost", c.Observations, len(h.logins), c.Lost)
	}
	notices := strings.Join(h.notices, "\n")
	if strings.Count(notices, "observations are lost: the outputs are too slow false") != 1 || strings.Count(notices, "observations are lost true") != 1 {
		t.Errorf("told %q", h.notices)
	}
}

func TestWhatIsWrongWithALiveConfig(t *testing.T) {
	for _, c := range []struct {
		cfg  LiveConfig
		want string
	}{
		{LiveConfig{}, "no interface"},
		{LiveConfig{Inputs: [][]string{{"a"}, {"b", "a"}}}, "a is named twice"},
		{LiveConfig{Inputs: [][]string{{"a"}}, Workers: 65}, "65 workers"},
	} {
		if _, err := OpenLive(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
	src := play(t, example(t, "pop3-dovecot.pcap"))
	cfg := liveConfig(src)
	cfg.Inputs = [][]string{{"eth1"}, {"eth2"}}
	open := cfg.Open
	cfg.Open = func(tap Tap) (capture.Live, error) {
		if tap.Interfaces[0] == "eth2" {
			return nil, errors.New("no eth2")
		}
		return open(tap)
	}
	if _, err := OpenLive(cfg); err == nil || !src.close.Load() {
		t.Errorf("%v; the first was closed: %t", err, src.close.Load())
	}
}
