package sensor

import "sync"

// budget shares the memory among the captures that are read at the same time.
// What one capture may use does not depend on how many others are read beside
// it: else results would depend on the number of workers. So each may use half
// of the whole, and when all together use the other half, all wait but the first
// one in order. A single capture may use everything.
type budget struct {
	whole int64
	each  int64 // for one capture

	mu   sync.Mutex
	free *sync.Cond
	used map[int]int64 // by capture under way
	sum  int64
}

func newBudget(memory int64, captures int) *budget {
	if memory <= 0 {
		memory = DefaultMemory
	}
	b := &budget{whole: memory, each: memory, used: map[int]int64{}}
	if captures > 1 {
		b.each = memory / 2
	}
	b.free = sync.NewCond(&b.mu)
	return b
}

// begin says that capture i is under way.
func (b *budget) begin(i int) {
	b.mu.Lock()
	b.used[i] = 0
	b.mu.Unlock()
}

// use says how much capture i uses now. It waits while there is too little for
// all, unless no capture before i is under way.
func (b *budget) use(i int, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum += bytes - b.used[i]
	b.used[i] = bytes
	for b.sum > b.whole-b.each && !b.first(i) {
		b.free.Wait()
	}
}

// end says that capture i is over.
func (b *budget) end(i int) {
	b.mu.Lock()
	b.sum -= b.used[i]
	delete(b.used, i)
	b.mu.Unlock()
	b.free.Broadcast()
}

// first reports whether no capture before i is under way.
func (b *budget) first(i int) bool {
	for j := range b.used {
		if j < i {
			return false
		}
	}
	return true
}
