package outstanding

import "testing"

func TestOrder(t *testing.T) {
	var q Queue[string]
	q.Push("MAIL")
	q.Again("RCPT")
	q.Again("RCPT")
	q.Again("RCPT")
	q.Push("DATA").Ticket = 7
	if q.Len() != 3 || q.Head().Verb != "MAIL" || q.Latest("RCPT").Count != 3 {
		t.Fatalf("queue holds %d, head %q", q.Len(), q.Head().Verb)
	}
	q.Answered()
	q.Answered()
	q.Answered()
	if h := q.Head(); h.Verb != "RCPT" || h.Count != 1 {
		t.Fatalf("head is %q with %d replies to come, want RCPT with 1", h.Verb, h.Count)
	}
	if q.Lost() {
		t.Fatal("lost without a reason")
	}
	if h := q.Seek("DATA"); h == nil || h.Ticket != 7 || !q.Lost() {
		t.Fatal("Seek did not reach DATA, or did not tell that a reply is missing")
	}
	if q.Seek("QUIT") != nil || q.Len() != 1 || !q.Waiting() {
		t.Fatal("Seek for what is not there changed the queue")
	}
	q.Answered()
	if q.Head() != nil || q.Last() != nil || q.Waiting() {
		t.Fatal("queue is not empty")
	}
	q.Answered()
	q.Pop()
}

func TestOverflow(t *testing.T) {
	var q Queue[int]
	for i := 0; i < 3*Most; i++ {
		q.Push(i)
	}
	if q.Len() != Most || !q.Lost() || q.Head().Verb != 2*Most || q.Last().Verb != 3*Most-1 {
		t.Fatalf("after overflow: %d waiting, head %d", q.Len(), q.Head().Verb)
	}
	q.Reset()
	if q.Len() != 0 || q.Lost() {
		t.Fatal("Reset left something")
	}
}
