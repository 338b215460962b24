package capture

// fragQueue is a list of datagrams in the order in which they came into it.
type fragQueue struct {
	oldest, newest *datagram
	n              int
}

func (q *fragQueue) push(g *datagram) {
	g.older, g.newer = q.newest, nil
	if q.newest != nil {
		q.newest.newer = g
	} else {
		q.oldest = g
	}
	q.newest = g
	q.n++
}

func (q *fragQueue) remove(g *datagram) {
	if g.older != nil {
		g.older.newer = g.newer
	} else {
		q.oldest = g.newer
	}
	if g.newer != nil {
		g.newer.older = g.older
	} else {
		q.newest = g.older
	}
	g.older, g.newer = nil, nil
	q.n--
}
