package signals

import (
	"errors"
	"hash/crc32"

	"cleartap/detectors/siphash"
)

// Shown says what of people may be written down of attacks that are not over. All else
// that is saved are keyed hashes, numbers and times.
type Shown struct {
	Names     bool // the account, where alerts show it too
	Addresses bool // of the client
}

// ErrState says that a saved state cannot be used: it is damaged, or of another version.
var ErrState = errors.New("the saved state is damaged, or of another version")

// stateVersion is raised when the form changes; another one is not read.
const stateVersion = 1

// stateShare is how much of what is remembered is saved, as a divisor: the newest.
const stateShare = 4

var stateMagic = [8]byte{'C', 'T', 'S', 'I', 'G', 'N', 'A', 'L'}

// Save writes what must outlive the process: clients and servers that were learnt, the
// windows, attacks that are not over, and what once has let through. Nothing that was
// made of a secret is in it: marks, sets of them, and attacks that were found by them
// stay in memory. It takes at most a fourth of Config.MaxMemory.
func Save(s *Signals, once *Once, shown Shown) []byte {
	c := &coder{}
	s.code(c, shown)
	once.code(c)
	sum := crc32.Checksum(c.b, crc32.MakeTable(crc32.Castagnoli))
	c.u32(&sum)
	return c.b
}

// Load takes what was saved, in place of what s and once know. After an error both know
// nothing.
func Load(p []byte, s *Signals, once *Once) error {
	err := load(p, s, once)
	if err != nil {
		s.attacks, s.lists = map[uint64]*attack{}, [lists]attackList{}
		s.clear()
		s.now = 0
		clear(once.seen)
	}
	return err
}

// IsState reports whether p begins as what was saved does, whatever its version.
func IsState(p []byte) bool { return len(p) >= len(stateMagic) && [8]byte(p[:8]) == stateMagic }

func load(p []byte, s *Signals, once *Once) error {
	if len(p) < 4 {
		return ErrState
	}
	body, end := p[:len(p)-4], &coder{b: p[len(p)-4:], reads: true}
	var sum uint32
	if end.u32(&sum); sum != crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) {
		return ErrState
	}
	c := &coder{b: body, reads: true}
	if !s.code(c, Shown{}) {
		return ErrState
	}
	once.code(c)
	if c.short || len(c.b) > 0 {
		return ErrState
	}
	return nil
}

// code writes or reads the signals. It reports whether they are of this version.
func (s *Signals) code(c *coder, shown Shown) bool {
	magic, version := stateMagic, uint16(stateVersion)
	for i := range magic {
		c.u8(&magic[i])
	}
	if c.u16(&version); magic != stateMagic || version != stateVersion {
		return false
	}
	key := s.key
	c.key(&key)
	if c.reads {
		s.key = key
		s.clear()
		s.lists = [lists]attackList{}
	}
	c.nanos(&s.now)
	c.nanos(&s.base)
	if s.base > s.now || s.now-s.base > 1<<31*second {
		c.short = true
		return false
	}
	s.codeLearnt(c)
	s.codeWindows(c)
	s.codeAttacks(c, shown)
	return !c.short
}

func (c *coder) key(k *siphash.Key) {
	c.u64(&k.K0)
	c.u64(&k.K1)
}

// codeLearnt is of what does not depend on the thresholds.
func (s *Signals) codeLearnt(c *coder) {
	codeTable(c, &s.known, 4, func(v *uint32) { c.u32(v) })
	codeTable(c, &s.profiles, 8, func(v *profile) {
		c.u32(&v.day)
		c.u16(&v.good)
		c.u16(&v.before)
	})
	codeTable(c, &s.baselines, 24, func(v *baseline) { v.code(c) })
	codeTable(c, &s.views, 12, func(v *view) {
		c.u32(&v.lostAt)
		c.u32(&v.first)
		c.u16(&v.absent)
		c.u16(&v.present)
	})
	codeTable(c, &s.masks, 12, func(v *answers) {
		c.u32(&v.sec)
		c.u32(&v.net)
		c.u32(&v.told)
	})
	codeTable(c, &s.trials, 9, func(v *trial) {
		c.u32(&v.sec)
		c.u32(&v.told)
		if c.u8(&v.how); int(v.how) >= len(howEnded) {
			v.how = 0
		}
	})
	codeTable(c, &s.visits, 64, func(v *visits) { v.code(c) })
}

// codeWindows is of what is counted in steps. After a change of the thresholds the
// steps are others, and nothing of it is read.
func (s *Signals) codeWindows(c *coder) {
	was, same := s.limits, true
	for _, v := range []*uint32{&was.bruteStep, &was.sprayStep, &was.crowdStep, &was.dayStep, &was.probeStep} {
		c.u32(v)
	}
	if c.reads {
		same = was == s.limits
	}
	into := s
	if !same {
		into = New(Config{MaxMemory: s.cfg.MaxMemory}, nil) // read, and forgotten
	}
	codeTable(c, &into.pairs, 8+2+3+bruteSteps, func(v *pair) { v.code(c) })
	codeTable(c, &into.suspects, 12+3*2*halfSteps+2*daySteps, func(v *suspect) { v.code(c) })
	codeTable(c, &into.targets, 12+2*2*halfSteps+2*daySteps, func(v *target) { v.code(c) })
	codeTable(c, &into.networks, 8+12+2+2*2*halfSteps, func(v *network) { v.code(c, &into.sets) })
	codeTable(c, &into.probers, 8+2*2*halfSteps, func(v *prober) {
		c.u32(&v.first)
		c.u32(&v.step)
		c.steps16(v.refused[:])
		c.steps16(v.mail[:])
	})
}

// codeTable writes the newest entries of a table, the oldest of them first, or reads
// them. least is how many bytes a value has at least: more of them than there can be are
// not believed.
func codeTable[T any](c *coder, t *table[T], least int, code func(*T)) {
	n := min(t.count, max(1, t.max/stateShare))
	c.count(&n)
	if c.reads {
		if n > len(c.b)/(8+least) {
			c.short = true
			return
		}
		for range n {
			var key uint64
			c.u64(&key)
			v, _ := t.touch(key)
			code(v)
		}
		return
	}
	i := t.newest
	for range n - 1 {
		i = t.at(i).older
	}
	for range n {
		e := t.at(i)
		c.u64(&e.key)
		v := e.value
		code(&v)
		i = e.newer
	}
}
