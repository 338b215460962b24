package signals

import "cleartap/detectors"

// prober is what is remembered of a source that asks for names outside of logins.
type prober struct {
	first   uint32
	step    uint32
	refused [halfSteps]uint16 // names
	mail    [halfSteps]uint16 // flows in which a message was accepted
}

// ended takes the summary of a flow: names that were refused in it tell somebody who
// searches for accounts, unless the flow was there to deliver mail.
func (s *Signals) ended(o *detectors.Observation) {
	v := o.Summary
	if v.Probes == 0 && !v.Mail {
		return
	}
	source := s.address(ofSource, o.Flow.Client.Addr().Unmap(), 128)
	if o.Proxy.IsValid() {
		source = s.address(ofSource, o.Proxy.Addr().Unmap(), 128)
	}
	if v.Mail {
		if p := s.probers.get(source); p != nil {
			s.ageProber(p)
			raise(&p.mail[0])
		}
		return
	}
	p, _ := s.probers.touch(source)
	s.ageProber(p)
	if sum(p.refused[:]) == 0 {
		p.first = s.second()
	}
	p.refused[0] = uint16(min(int(p.refused[0])+v.Probes, 1<<16-1))
	s.probed(p, source, o)
}

func (s *Signals) ageProber(p *prober) {
	step := s.second() / s.limits.probeStep
	age(p.refused[:], step-p.step)
	age(p.mail[:], step-p.step)
	p.step = step
}

// probed begins or goes on with an attack when a source asked for many names.
func (s *Signals) probed(p *prober, source uint64, o *detectors.Observation) {
	key := s.key.Words(ofAttackProber, source)
	if a := s.attacks[key]; a != nil {
		a.refused += o.Summary.Probes
		a.flow.join(o)
		s.touch(a, o)
		s.grow(a)
		return
	}
	n := sum(p.refused[:])
	if n < s.cfg.Probes || !s.mostly(n, sum(p.mail[:])) {
		return
	}
	e := event{o: o, sec: s.second()}
	s.begin(attack{key: key, rule: detectors.Enumeration, window: s.cfg.ProbeWindow, sources: 1, refused: n}, p.first, &e)
}
