package delivery

import (
	"context"
	"errors"
	"io"

	"cleartap/output"
	"cleartap/output/spool"
)

// FromSpool makes the source of a live sensor's sink: its reader of the spool,
// which keeps what is not done.
func FromSpool(r *spool.Reader) Source { return &spooled{r} }

type spooled struct{ r *spool.Reader }

// Next implements Source. A record that is no document has no JSON; the service
// settles it.
func (s *spooled) Next(ctx context.Context, limit int) ([]Item, error) {
	records, err := s.r.Next(ctx, limit)
	items := make([]Item, len(records))
	for i, r := range records {
		rec, perr := output.ParseRecord(r.Payload)
		if perr == nil {
			rec.Urgent = r.Urgent
		}
		items[i] = Item{r.Seq, rec}
	}
	if errors.Is(err, spool.ErrClosed) {
		err = io.EOF
	}
	return items, err
}

// Done implements Source.
func (s *spooled) Done(seq uint64) error { return s.r.Done(seq) }

// DeadLetter implements Source.
func (s *spooled) DeadLetter(id, status, kind string) { s.r.DeadLetter(id, status, kind) }

// Abandon implements Source: the spool keeps what is left.
func (s *spooled) Abandon() {}
