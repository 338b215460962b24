package sensor

import (
	"context"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/signals"
	"cleartap/output"
)

// Receiver is told what a scan finds. All calls come from the goroutine that
// called Scan, one at a time; findings and problems in the order of captures and
// inside a capture in the order of packets, whatever the number of workers. Findings
// about many logins come when packet time shows that nothing more of them will, the
// last ones behind everything else.
type Receiver interface {
	Finding(where output.Where, f *detectors.Finding) // valid during the call
	// Observation is told of everything that was observed, logins included, right behind
	// the findings about it; o is valid during the call. Of what a server says to many
	// clients, the same within a second is told once.
	Observation(where output.Where, o *detectors.Observation)
	Problem(p *capture.Problem)
	Done(c *capture.Capture, t *Totals) // a capture was read
	Tick(bytes int64)                   // ten times a second: so many bytes of the inputs were read
}

// Scan reads captures to their ends, or until ctx ends: then it tells what was
// found so far and returns at once.
func Scan(ctx context.Context, cfg Config, captures []*capture.Capture, to Receiver) Totals {
	var all Totals
	jobs := max(1, min(cfg.Jobs, len(captures)))
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = DefaultMemory
	}
	part := signalsOfScan(cfg.MaxMemory)
	shared := newBudget(cfg.MaxMemory-part, len(captures))
	across := newMerger(cfg.Signals, part, captures, to)
	once := signals.NewOnce(0, cfg.Signals.Seed)
	workers := make([]*worker, jobs)
	for i := range workers {
		workers[i] = &worker{cfg: &cfg, budget: shared}
	}
	restore := limitMemory(cfg.MaxMemory, scanGarbage)
	defer restore()
	results, told := make([]Totals, len(captures)), make([]uint64, len(captures))
	work := func(w, i int, l *lane) { results[i] = workers[w].scan(ctx, i, captures[i], l) }
	tell := func(i int, files []string, f *handed) {
		where := output.Where{Path: files[f.Mark.File]}
		if f.Rule != nil && once.Pass(&f.Finding) {
			told[i]++
			to.Finding(where, &f.Finding)
		}
		if f.Rule == nil || f.Kind <= detectors.Conflict {
			if !f.known {
				to.Observation(where, &f.Observation)
			}
			across.add(i, files, &f.Observation)
		}
	}
	inOrder(ctx, len(captures), jobs, work, collector{
		take: func(i int, b *batch) {
			for k := range b.findings {
				f := &b.findings[k]
				summary := takeSummary(&f.Finding)
				tell(i, b.files, f)
				if summary != nil {
					becomeEnd(&f.Finding, summary)
					tell(i, b.files, f)
				}
			}
			if b.problem != nil {
				to.Problem(b.problem)
			}
		},
		done: func(i int) {
			across.done(i)
			results[i].Findings = told[i]
			to.Done(captures[i], &results[i])
			all.add(&results[i])
		},
		tick: func() { to.Tick(progress(workers)) },
	})
	across.end()
	all.Findings += across.told
	all.Signals = across.signals.Stats()
	to.Tick(progress(workers))
	return all
}

func progress(workers []*worker) (bytes int64) {
	for _, w := range workers {
		bytes += w.read.Load()
	}
	return bytes
}
