// Package outstanding remembers the commands of a client that wait for replies,
// in protocols whose replies carry no tag and come in the order of the commands
// (RFC 2920 section 3, RFC 3977 section 3.5). Its invariant: it never holds more
// than Most commands; a client that sends more, or bytes that were missed, make it
// Lost, and then whoever asks must judge by the replies themselves.
package outstanding

import "cleartap/detectors"

// Most is how many commands are remembered; repeated ones count once, see Again.
const Most = 32

// Command is a command that waits for its reply.
type Command[V comparable] struct {
	Verb   V
	Count  uint32           // how many replies it waits for, at least 1; 0 while it is the client's turn (SMTP's AUTH)
	Seq    uint32           // number of the command within the dialogue, from 1
	Ticket detectors.Ticket // of the login attempt that it made, if any
	Ack    uint32           // what the client had of the server when it sent it, a sequence number; 0 where nobody needs it
	At     uint32           // place of the byte behind it in the client's stream, where the reply may make that be read anew; else 0
	Blind  bool             // which reply is its own is not known
}

// Queue holds the commands in order. The zero value is empty.
type Queue[V comparable] struct {
	head int
	n    int
	seq  uint32
	lost bool
	ring [Most]Command[V]
}

// Reset forgets everything. What the ring has of commands before is never looked at: to clear
// it would take longer than most dialogues.
func (q *Queue[V]) Reset() { q.head, q.n, q.seq, q.lost = 0, 0, 0, false }

// Lose says that commands or replies were missed: the order cannot be trusted.
func (q *Queue[V]) Lose() { q.lost = true }

// Lost reports whether Lose was called or commands had to be forgotten. It stays
// so: nothing tells when replies and commands are in step again.
func (q *Queue[V]) Lost() bool { return q.lost }

// Len is how many commands wait.
func (q *Queue[V]) Len() int { return q.n }

// Push adds a command. When Most are waiting, the oldest is forgotten.
func (q *Queue[V]) Push(v V) *Command[V] {
	if q.n == Most {
		q.lost = true
		q.Pop()
	}
	q.seq++
	c := &q.ring[(q.head+q.n)%Most]
	*c = Command[V]{Verb: v, Count: 1, Seq: q.seq}
	q.n++
	return c
}

// Again adds a command like Push, but together with the one before when that is of
// the same verb: a client may send a hundred RCPT at once.
func (q *Queue[V]) Again(v V) {
	if last := q.Last(); last != nil && last.Verb == v && last.Count < 1<<31 {
		last.Count++
		return
	}
	q.Push(v)
}

// Head is the command that the next reply answers, nil when none waits.
func (q *Queue[V]) Head() *Command[V] {
	if q.n == 0 {
		return nil
	}
	return &q.ring[q.head]
}

// Last is the command that was added last, nil when none waits.
func (q *Queue[V]) Last() *Command[V] { return q.at(q.n - 1) }

func (q *Queue[V]) at(i int) *Command[V] {
	if i < 0 || i >= q.n {
		return nil
	}
	return &q.ring[(q.head+i)%Most]
}

// Latest is the newest command with verb v, nil when there is none.
func (q *Queue[V]) Latest(v V) *Command[V] {
	for i := q.n - 1; i >= 0; i-- {
		if c := q.at(i); c.Verb == v {
			return c
		}
	}
	return nil
}

// Pop forgets the head.
func (q *Queue[V]) Pop() {
	if q.n > 0 {
		q.head = (q.head + 1) % Most
		q.n--
	}
}

// DropLast forgets the command that was added last.
func (q *Queue[V]) DropLast() { q.n = max(q.n-1, 0) }

// Placed reports whether a command with a place waits.
func (q *Queue[V]) Placed() bool {
	for i := range q.n {
		if q.at(i).At != 0 {
			return true
		}
	}
	return false
}

// Answered takes one reply off the head; the command goes with its last one.
func (q *Queue[V]) Answered() {
	if h := q.Head(); h != nil {
		if h.Count--; h.Count == 0 {
			q.Pop()
		}
	}
}

// Seek forgets the commands before the oldest one with verb v and returns that,
// or returns nil and forgets nothing when there is none. It is for replies that
// only one command can have, and tells that replies were missed when it has to
// forget any.
func (q *Queue[V]) Seek(v V) *Command[V] {
	for i := 0; i < q.n; i++ {
		if q.at(i).Verb != v {
			continue
		}
		for ; i > 0; i-- {
			q.Pop()
			q.lost = true
		}
		return q.Head()
	}
	return nil
}

// InTurn reports whether the client sent each command after it had more of the server than
// at the one before: it waits for replies, and only the newest command can be without one.
func (q *Queue[V]) InTurn() bool {
	for i := 1; i < q.n; i++ {
		if int32(q.at(i).Ack-q.at(i-1).Ack) <= 0 {
			return false
		}
	}
	return true
}

// Alone forgets all but the newest of the commands that made or begin attempts, when those before it
// were answered: the client had more of the server when it sent the next one. It reports
// false when two were sent at once, so that replies that were missed leave open which is
// whose; then all of them are forgotten. It is for dialogues that are Lost.
func (q *Queue[V]) Alone() bool {
	newest, alone := -1, true
	for i := range q.n {
		c := q.at(i)
		if c.Ticket == 0 && c.Ack == 0 { // no login, nor the beginning of one
			continue
		}
		alone = alone && (newest < 0 || int32(c.Ack-q.at(newest).Ack) > 0)
		newest = i
	}
	if !alone {
		newest++
	}
	for ; newest > 0; newest-- {
		q.Pop()
	}
	return alone
}

// Waiting reports whether a login attempt waits for its reply.
func (q *Queue[V]) Waiting() bool {
	for i := 0; i < q.n; i++ {
		if q.at(i).Ticket != 0 {
			return true
		}
	}
	return false
}
