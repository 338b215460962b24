package signals

import (
	"math"

	"cleartap/detectors"
)

// visits are the last places that an account logged in from.
type visits [4]struct {
	place uint64 // hash of country and network
	sec   uint32
	at    [2]float32 // degrees; not a number where they are not known
}

// travels reports an account that logs in from too many places at a time, or from two
// that nobody travels between so fast.
func (s *Signals) travels(e *event) {
	if s.cfg.Place == nil || e.name == 0 {
		return
	}
	p, ok := s.cfg.Place(e.from)
	if !ok {
		return
	}
	v, _ := s.visits.touch(e.account)
	oldest := e.sec - uint32(s.cfg.PlaceWindow/second)
	here := s.key.Words(ofPlace, uint64(p.Country[0])<<40|uint64(p.Country[1])<<32|uint64(p.AS)) | 1
	nan := float32(math.NaN())
	at := [2]float32{nan, nan}
	if p.Located {
		at = [2]float32{p.Latitude, p.Longitude}
	}
	places, fast, room := 1, false, 0
	for i := range v {
		w := &v[i]
		switch {
		case w.place == here:
			room = i
		case w.sec < oldest || w.place == 0:
			if v[room].place != here {
				room = i
			}
		default:
			places++
			fast = fast || kilometres(w.at, at)*3600 > float64(s.cfg.Speed)*math.Max(1, float64(e.sec-w.sec)) && kilometres(w.at, at) > nearby
			if v[room].place != here && v[room].sec >= oldest && w.sec < v[room].sec {
				room = i
			}
		}
	}
	v[room].place, v[room].sec, v[room].at = here, e.sec, at
	if places >= s.cfg.Places || fast {
		s.traveled(e, places, oldest)
	}
}

// nearby is a distance, in km, within which databases of places are not to be believed.
const nearby = 300

// traveled begins or goes on with an attack.
func (s *Signals) traveled(e *event, places int, oldest uint32) {
	key := s.key.Words(ofAttackPlaces, e.account)
	if a := s.attacks[key]; a != nil {
		a.accepted++
		a.sources = max(a.sources, places)
		a.flow.join(e.o)
		s.touch(a, e.o)
		s.grow(a)
		return
	}
	s.begin(attack{key: key, rule: detectors.ManyPlaces, account: e.account, window: s.cfg.PlaceWindow, accounts: 1, sources: places, accepted: places, crowd: true}, oldest, e)
}

// kilometres is the distance of two points on the earth; not a number where one is not known.
func kilometres(a, b [2]float32) float64 {
	rad := func(d float32) float64 { return float64(d) * math.Pi / 180 }
	sin := func(x float64) float64 { return math.Sin(x/2) * math.Sin(x/2) }
	h := sin(rad(b[0])-rad(a[0])) + math.Cos(rad(a[0]))*math.Cos(rad(b[0]))*sin(rad(b[1])-rad(a[1]))
	return 2 * 6371 * math.Asin(math.Sqrt(h))
}
