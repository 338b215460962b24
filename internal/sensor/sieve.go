package sensor

import (
	"cleartap/capture"
	"cleartap/capture/kernelfilter"
)

// sieve applies a filter of the user's to the frames of one capture, which may have
// several link types.
type sieve struct {
	link    capture.LinkType // of matcher
	known   bool
	matcher *kernelfilter.Matcher // nil: no frame of the link type passes
	by      map[capture.LinkType]*kernelfilter.Matcher
}

// pass reports whether a frame goes on. That there is no filter for its link type is
// told once.
func (s *sieve) pass(w *worker, f *capture.Frame) bool {
	if f.Link != s.link || !s.known {
		s.turn(w, f)
	}
	return s.matcher != nil && s.matcher.Match(f.Data, f.Length)
}

// turn looks for the filter of another link type.
func (s *sieve) turn(w *worker, f *capture.Frame) {
	m, ok := s.by[f.Link]
	if !ok {
		var err error
		if m, err = w.cfg.Filter(f.Link); err != nil {
			m = nil
			w.lane.problem(capture.Problem{
				Path: w.source.Files()[f.File], Offset: capture.NoOffset, Kind: capture.UnknownLink,
				Reason: "packets of a link type were left out: " + err.Error(), Cure: "convert the capture, or leave the filter out",
			})
		}
		if s.by == nil {
			s.by = map[capture.LinkType]*kernelfilter.Matcher{}
		}
		s.by[f.Link] = m
	}
	s.link, s.known, s.matcher = f.Link, true, m
}
