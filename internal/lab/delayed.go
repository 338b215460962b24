//go:build linux

package lab

import "time"

// frame is one that waits for its delivery.
type frame struct {
	dir  Dir
	data []byte
	due  time.Time
	turn uint64
}

// delayed is a heap of frames by due time.
type delayed []*frame

// wait is how long until the first is due, in ms for poll(2); -1 for ever.
func (q delayed) wait(now time.Time) int {
	if len(q) == 0 {
		return -1
	}
	return max(0, int(q[0].due.Sub(now)/time.Millisecond)+1)
}

func (q delayed) Len() int { return len(q) }

func (q delayed) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].turn < q[j].turn
	}
	return q[i].due.Before(q[j].due)
}

func (q delayed) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q *delayed) Push(f any) { *q = append(*q, f.(*frame)) }

func (q *delayed) Pop() any {
	old := *q
	f := old[len(old)-1]
	*q = old[:len(old)-1]
	return f
}
