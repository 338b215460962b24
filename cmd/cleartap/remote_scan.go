package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cleartap/internal/config"
	"cleartap/output"
	"cleartap/output/delivery"
	"cleartap/output/table"
)

// sending is a sink of a scan that acknowledges. The scan waits for it at the end.
type sending struct {
	name  string
	queue *delivery.Queue
	run   *delivery.Delivery
	left  bool // it was given up
}

// sendWait is how long a scan waits for a sink that takes nothing, unless it is told.
const sendWait = 30 * time.Second

// openSendings opens the sinks of the command line. tell is told of their troubles.
func openSendings(outputs []config.Output, wait time.Duration, tell func(string)) ([]*sending, error) {
	sinks := make([]output.Sink, len(outputs))
	for i := range outputs {
		var err error
		if sinks[i], err = openRemote(&outputs[i]); err != nil {
			return nil, &outcome{exitFailed, fmt.Sprintf("output %s: %s", outputs[i].Name, err)}
		}
		if warning := inClear(&outputs[i]); warning != "" {
			tell("output " + outputs[i].Name + ": " + warning)
		}
	}
	var all []*sending
	for i, o := range outputs {
		s := &sending{name: o.Name, queue: delivery.NewQueue(0, 0)}
		s.run = delivery.Start(delivery.Config{
			Name: o.Name, Sink: sinks[i], Source: s.queue, GiveUp: wait, Notify: func(e delivery.Event) { tell(e.String()) },
		})
		all = append(all, s)
	}
	return all, nil
}

// put hands an alert to a sink. It waits while the sink has too much under way.
func (s *sending) put(ctx context.Context, r output.Record) {
	if err := s.queue.Put(ctx, r); errors.Is(err, delivery.ErrAbandoned) {
		s.left = true // what it did not take is counted
	}
}

// end waits for the acknowledgements and tells how many alerts were not delivered.
func (s *sending) end(ctx context.Context) (undelivered uint64) {
	s.queue.Close()
	_ = s.run.Drain(ctx) // what was left is counted
	return s.queue.Offered() - s.run.Stats().Delivered
}

// sum tells in a line what became of the alerts.
func (s *sending) sum() string {
	st := s.run.Stats()
	text := fmt.Sprintf("output %s: %s delivered", s.name, table.Count(st.Delivered, "alert"))
	if st.Duplicates > 0 {
		text += fmt.Sprintf(" (%d were there before)", st.Duplicates)
	}
	if n := s.queue.Offered() - st.Delivered; n > 0 {
		text += fmt.Sprintf(", %d not delivered", n)
		if st.Dead > 0 {
			text += fmt.Sprintf(", %d of them refused for good", st.Dead)
		}
	}
	return text
}
