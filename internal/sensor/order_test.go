package sensor

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
)

// Whatever the number of workers and however long each takes, findings come out
// in the order of captures, and inside a capture in the order in which they were made.
func TestInOrder(t *testing.T) {
	for _, workers := range []int{1, 2, 7, 100} {
		const n = 200
		work := func(_, i int, l *lane) {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for k := range count(i) {
				if r.IntN(200) == 0 {
					time.Sleep(time.Duration(r.IntN(50)) * time.Microsecond)
				}
				l.finding(&detectors.Finding{Severity: detectors.Severity(i % 200), Observation: detectors.Observation{Number: k}})
			}
			l.problem(capture.Problem{Offset: int64(i)})
		}
		at, number, problems, done := 0, 0, 0, 0
		inOrder(context.Background(), n, workers, work, collector{
			take: func(i int, b *batch) {
				for _, f := range b.findings {
					if i != at || int(f.Severity) != i%200 || f.Number != number {
						t.Fatalf("%d workers: capture %d finding %d where capture %d finding %d was due", workers, i, f.Number, at, number)
					}
					number++
				}
				if b.problem != nil {
					if number != count(i) || b.problem.Offset != int64(i) {
						t.Fatalf("%d workers: capture %d: problem of %d after %d findings", workers, i, b.problem.Offset, number)
					}
					problems++
				}
			},
			done: func(i int) {
				if i != at || number != count(i) {
					t.Fatalf("%d workers: capture %d is over after %d findings", workers, i, number)
				}
				at, number, done = at+1, 0, done+1
			},
			tick: func() {},
		})
		if done != n || problems != n {
			t.Errorf("%d workers: %d captures and %d problems of %d", workers, done, problems, n)
		}
	}
}

func count(i int) int { return i * i % 300 }

// A worker that runs ahead waits: what is piled up stays within the window.
func TestInOrderIsBounded(t *testing.T) {
	var made, taken atomic.Int64
	var most int64
	work := func(_, i int, l *lane) {
		if i == 0 {
			time.Sleep(20 * time.Millisecond) // the others run ahead meanwhile
		}
		for range 300 {
			made.Add(1)
			l.finding(&detectors.Finding{})
		}
	}
	inOrder(context.Background(), 500, 8, work, collector{
		take: func(_ int, b *batch) {
			most = max(most, made.Load()-taken.Load())
			taken.Add(int64(len(b.findings)))
		},
		done: func(int) {}, tick: func() {},
	})
	if taken.Load() != 150_000 {
		t.Errorf("taken %d", taken.Load())
	}
	if bound := int64((window + 8 + 2) * (batches + 2) * batchSize); most > bound {
		t.Errorf("%d findings were piled up, bound %d", most, bound)
	}
}

// A scan that is called off begins no further capture, and hands over what it has.
func TestInOrderStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	begun, taken := 0, 0
	inOrder(ctx, 1000, 1, func(_, i int, l *lane) {
		begun++
		l.finding(&detectors.Finding{})
		if i == 4 {
			cancel()
		}
	}, collector{take: func(_ int, b *batch) { taken += len(b.findings) }, done: func(int) {}, tick: func() {}})
	if begun != 5 || taken != 5 {
		t.Errorf("begun %d, taken %d", begun, taken)
	}
}
