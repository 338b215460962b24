package signals

// How many steps a window has, the one under way included.
const (
	bruteSteps = 11 // of one minute each, by default
	halfSteps  = 7  // of 5 or 10 minutes
	daySteps   = 9  // of 3 hours
)

// pair is what is remembered of a source's refusals for an account. All times of
// states are seconds of Signals.
type pair struct {
	first, last uint32 // of the run: of a day at most, or to a login that was accepted
	marks       uint32 // set of the marks of its secrets
	tries       uint16 // refusals of the run
	counted     bool   // in the windows of its source and its account, in the step of last
	steady      bool   // it repeats by itself
	unmarked    bool   // a secret of the run had no mark
	recent      [bruteSteps]uint8
}

// suspect is what is remembered of a source of refusals.
type suspect struct {
	first    uint32 // refusal of the run that the windows show
	step     uint32 // of the windows, as is dayStep
	dayStep  uint32
	marks    uint32            // set of the marks of secrets
	accounts [halfSteps]uint16 // each counted in the step of its last refusal
	refused  [halfSteps]uint16
	accepted [halfSteps]uint16
	day      [daySteps]uint16 // accounts, as above
}

// target is what is remembered of an account that logins are refused for.
type target struct {
	first   uint32
	step    uint32
	dayStep uint32
	sources [halfSteps]uint16
	refused [halfSteps]uint16
	day     [daySteps]uint16 // sources
}

// network is what is remembered of a network that refused logins come from.
type network struct {
	first    uint32
	step     uint32
	accounts uint32 // set; empty while there is one pair alone
	sources  uint32 // set
	alone    pairSeen
	refused  [halfSteps]uint16
	accepted [halfSteps]uint16
}

// pairSeen is a source and an account in few bytes, and when they were seen last.
type pairSeen struct{ source, account, sec uint32 }

// profile counts the accounts that log in from a source, or from a network.
type profile struct {
	day          uint32
	good, before uint16 // accounts on that day, and on the day before
}

// on gives how many accounts logged in on a day and the one before.
func (p *profile) on(day uint32) int {
	switch p.day {
	case day:
		return int(p.good) + int(p.before)
	case day - 1:
		return int(p.good)
	}
	return 0
}

// note counts an account that had not logged in on the day.
func (p *profile) note(day uint32) {
	if p.day != day {
		before := uint16(0)
		if p.day == day-1 {
			before = p.good
		}
		*p = profile{day: day, before: before}
	}
	raise(&p.good)
}

// What a remembered thing takes, in bytes, with its share of the index. A test holds
// these against the compiler.
const (
	indexShare   = 22
	knownSize    = 24 + indexShare
	profileSize  = 24 + indexShare
	pairSize     = 48 + indexShare
	suspectSize  = 96 + indexShare
	targetSize   = 80 + indexShare
	networkSize  = 72 + indexShare
	baselineSize = 48 + indexShare
	viewSize     = 32 + indexShare
	answersSize  = 32 + indexShare
	twinSize     = 32 + indexShare
	trialSize    = 32 + indexShare
	proberSize   = 56 + indexShare
	useSize      = 24 + indexShare
	visitsSize   = 112 + indexShare
	smallSetSize = 8 * 8
	largeSetSize = 64 * 8
	sketchSize   = 1 << precision
)

// divide gives every kind of memory its share, in hundredths, of the whole.
func (s *Signals) divide(memory int64) {
	share := func(percent, size int64) int { return int(max(64, memory*percent/100/size)) }
	s.known.max = share(18, knownSize)
	s.profiles.max = share(7, profileSize)
	s.pairs.max = share(23, pairSize)
	s.suspects.max = share(18, suspectSize)
	s.targets.max = share(12, targetSize)
	s.networks.max = share(4, networkSize)
	s.sets.small.max = share(2, smallSetSize)
	s.sets.large.max = share(2, largeSetSize)
	s.sets.sketches.max = share(1, sketchSize)
	s.baselines.max = share(1, baselineSize)
	s.views.max = share(1, viewSize)
	s.masks.max = share(1, answersSize)
	s.copies.max = share(1, twinSize)
	s.trials.max = share(2, trialSize)
	s.probers.max = share(1, proberSize)
	s.uses.max = share(1, useSize)
	s.visits.max = share(1, visitsSize)
	s.most = share(2, attackSize)
}
