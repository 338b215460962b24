package elasticsearch

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"cleartap/output"
)

// Send implements output.Sink.
func (s *Sink) Send(ctx context.Context, records []output.Record) ([]output.Verdict, error) {
	verdicts := make([]output.Verdict, len(records))
	ready := make([]int, 0, len(records)) // indices of what can be sent
	for i := range records {
		if sendable(&records[i]) {
			ready = append(ready, i)
		} else {
			verdicts[i] = output.Verdict{Outcome: output.Dead, Status: "unreadable", Kind: "not_sent"}
		}
	}
	var fault error
	for len(ready) > 0 && fault == nil {
		n := s.fit(records, ready)
		fault = s.part(ctx, records, ready[:n], verdicts)
		ready = ready[n:]
	}
	if fault == nil {
		return verdicts, itemFault(verdicts)
	}
	for i := range verdicts {
		if verdicts[i] != (output.Verdict{}) {
			return verdicts, fault
		}
	}
	return nil, fault // it is about the request as a whole
}

// sendable keeps out what would break a bulk request, or leave our data streams:
// a record that was tampered with on the disk.
func sendable(r *output.Record) bool {
	if r.ID == "" || len(r.ID) > 512 || !strings.HasPrefix(r.Dataset, "cleartap.") || len(r.Dataset) > 100 || bytes.IndexByte(r.JSON, '\n') >= 0 {
		return false
	}
	for _, c := range r.Dataset {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// fit is how many of the records go into one request; one at least.
func (s *Sink) fit(records []output.Record, ready []int) int {
	size := 0
	for n, i := range ready {
		if size += lineRoom + len(records[i].JSON); size > s.room && n > 0 {
			return n
		}
	}
	return len(ready)
}

// lineRoom is about what the line before a document takes.
const lineRoom = 120

// part sends some of the records, in halves if the server wants less at once.
func (s *Sink) part(ctx context.Context, records []output.Record, at []int, verdicts []output.Verdict) error {
	a, err := s.bulk(ctx, records, at)
	switch {
	case err != nil:
		return err
	case a.status == 413 && len(at) == 1:
		verdicts[at[0]] = output.Verdict{Outcome: output.Dead, Status: "413", Kind: "content_too_long"}
		return nil
	case a.status == 413:
		s.shrink(records, at)
		half := len(at) / 2
		if err := s.part(ctx, records, at[:half], verdicts); err != nil {
			return err
		}
		return s.part(ctx, records, at[half:], verdicts)
	case a.status == 400 && !s.older: // it may be an Elasticsearch before 8.13
		s.older = true
		if err := s.part(ctx, records, at, verdicts); err != nil {
			s.older = false // that was not why
			return err
		}
		return nil
	case a.status != 200:
		return s.excuse(a, time.Now())
	}
	s.accepted, s.refused = true, time.Time{}
	return s.read(a, at, verdicts)
}

// excuse is refusal, but for credentials that were good a moment ago.
func (s *Sink) excuse(a *answer, now time.Time) *output.Fault {
	fault := refusal(a)
	if a.status != 401 || !s.accepted {
		return fault
	}
	if s.refused.IsZero() {
		s.refused = now
	}
	if now.Sub(s.refused) < s.grace {
		return &output.Fault{Cause: "the cluster does not know the key yet, or no longer (status 401)"}
	}
	return fault
}

// shrink remembers that a request of these records was too large.
func (s *Sink) shrink(records []output.Record, at []int) {
	size := 0
	for _, i := range at {
		size += lineRoom + len(records[i].JSON)
	}
	s.room = max(leastBytes, min(s.room, size/2))
}

// bulk sends one request.
func (s *Sink) bulk(ctx context.Context, records []output.Record, at []int) (*answer, error) {
	h, err := s.header(bulkType)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if s.cfg.Plain {
		err = s.write(&body, records, at)
	} else {
		h.Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(&body, gzip.BestSpeed) // the level is right
		if err = s.write(z, records, at); err == nil {
			err = z.Close()
		}
	}
	if err != nil { // memory does not fail
		return nil, &output.Fault{Cause: "the request cannot be written"}
	}
	req := esapi.BulkRequest{Body: bytes.NewReader(body.Bytes()), Header: h, FilterPath: answerParts}
	req.Timeout = s.cfg.Timeout * 3 / 4 // for a shard that is away: the server gives up before we do
	if !s.older {
		yes := true
		req.RequireDataStream = &yes
	}
	return s.perform(ctx, func(ctx context.Context, t esapi.Transport) (*esapi.Response, error) { return req.Do(ctx, t) })
}

// answerParts is all that is wanted of an answer. Reasons, which quote values, are
// not even sent.
var answerParts = []string{"items.*.status", "items.*.error.type"}

// write writes the lines of a bulk request.
func (s *Sink) write(w io.Writer, records []output.Record, at []int) error {
	var line []byte
	for _, i := range at {
		r := &records[i]
		id, err := json.Marshal(r.ID)
		if err != nil {
			return err
		}
		line = append(line[:0], `{"create":{"_index":"`...)
		line = append(line, Stream(r.Dataset, s.cfg.Namespace)...)
		line = append(line, `","_id":`...)
		line = append(line, id...)
		line = append(line, "}}\n"...)
		line = append(line, r.JSON...)
		line = append(line, '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
