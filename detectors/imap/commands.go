package imap

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// verb is what a command means to the session.
type verb uint8

const (
	unknownVerb verb = iota
	loginVerb
	authenticate
	startTLS
	compress
	unauthenticate
	idle
	logout
	plain // any other command of IMAP's
)

// verbs are the commands known: RFC 3501, RFC 9051, and extensions that mail
// clients use.
var verbs = [...]struct {
	name string
	verb verb
}{
	{"LOGIN", loginVerb}, {"AUTHENTICATE", authenticate}, {"CAPABILITY", plain}, {"NOOP", plain}, {"LOGOUT", logout},
	{"STARTTLS", startTLS}, {"COMPRESS", compress}, {"UNAUTHENTICATE", unauthenticate}, {"IDLE", idle}, {"ID", plain},
	{"UID", plain}, {"FETCH", plain}, {"SELECT", plain}, {"EXAMINE", plain}, {"LIST", plain}, {"LSUB", plain},
	{"STATUS", plain}, {"NAMESPACE", plain}, {"ENABLE", plain}, {"APPEND", plain}, {"STORE", plain}, {"SEARCH", plain},
	{"COPY", plain}, {"MOVE", plain}, {"EXPUNGE", plain}, {"CLOSE", plain}, {"UNSELECT", plain}, {"CHECK", plain},
	{"CREATE", plain}, {"DELETE", plain}, {"RENAME", plain}, {"SUBSCRIBE", plain}, {"UNSUBSCRIBE", plain},
	{"SORT", plain}, {"THREAD", plain}, {"GETQUOTA", plain}, {"GETQUOTAROOT", plain}, {"GETACL", plain}, {"SETACL", plain},
	{"MYRIGHTS", plain}, {"LISTRIGHTS", plain}, {"DELETEACL", plain}, {"NOTIFY", plain}, {"XLIST", plain},
	{"GETMETADATA", plain}, {"SETMETADATA", plain}, {"GETANNOTATION", plain}, {"RLIST", plain}, {"RLSUB", plain},
	{"LANGUAGE", plain}, {"REPLACE", plain}, {"XAPPLEPUSHSERVICE", plain}, {"X-NETSCAPE", plain}, {"NETSCAPE", plain},
}

func lookup(word []byte) verb {
	for i := range verbs {
		if syntax.Fold(word, verbs[i].name) {
			return verbs[i].verb
		}
	}
	return unknownVerb
}

// isCommand reports whether a line is a tag and a known verb. SASL responses,
// DONE and most else have no second word.
func isCommand(line []byte) bool {
	tag, rest := syntax.Word(line)
	word, _ := syntax.Word(rest)
	return isTag(tag) && lookup(word) != unknownVerb
}

// isTag reports whether b may be a tag: one character or more of an astring but
// for the plus sign (RFC 9051 section 9).
func isTag(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
		switch c {
		case '+', '(', ')', '{', '%', '*', '"', '\\':
			return false
		}
	}
	return len(b) > 0
}

// mostCommands is how many commands wait for their replies at most.
const mostCommands = 32

// command is a command that waits for its tagged reply.
type command struct {
	tag       uint64 // a hash: what is not kept cannot leak
	seq       uint32
	verb      verb
	cancelled bool
	ticket    detectors.Ticket
}

// commands holds the commands in order, the oldest first.
type commands struct {
	n    int
	seq  uint32
	lost bool // some were missed or forgotten

	// The client sent lines that were no commands. A server that refused what they belong to
	// takes them for some, and their first words for tags.
	stray bool
	list  [mostCommands]command // cleared behind n
}

// reset forgets everything.
func (q *commands) reset() {
	clear(q.list[:q.n])
	q.n, q.seq, q.lost, q.stray = 0, 0, false, false
}

// push adds a command and gives its number. When there are too many, the oldest goes.
func (q *commands) push(tag []byte, v verb) uint32 {
	if q.n == mostCommands {
		q.remove(0)
		q.lost = true
	}
	q.seq++
	q.list[q.n] = command{tag: hash(tag), seq: q.seq, verb: v}
	q.n++
	return q.seq
}

// find gives the command with number seq, nil when it does not wait.
func (q *commands) find(seq uint32) *command {
	for i := 0; i < q.n; i++ {
		if q.list[i].seq == seq {
			return &q.list[i]
		}
	}
	return nil
}

// take removes the command that a tag belongs to: the oldest, if tags are used
// again. A tag that nobody knows belongs to the oldest command, unless commands
// were missed or the client sent other lines: then it may be one of theirs.
func (q *commands) take(tag []byte) (c command, ok bool) {
	h := hash(tag)
	for i := 0; i < q.n; i++ {
		if q.list[i].tag == h {
			return q.remove(i), true
		}
	}
	if q.lost || q.stray || q.n == 0 {
		return c, false
	}
	return q.remove(0), true
}

func (q *commands) remove(i int) command {
	c := q.list[i]
	copy(q.list[i:q.n], q.list[i+1:q.n])
	q.n--
	q.list[q.n] = command{}
	return c
}

// waiting reports whether a login attempt waits for its reply.
func (q *commands) waiting() bool {
	for i := 0; i < q.n; i++ {
		if q.list[i].ticket != 0 {
			return true
		}
	}
	return false
}

// hash is FNV-1a.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
