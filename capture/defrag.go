package capture

// defragmenter puts IP datagrams together. Its invariant: it holds no more than
// its limits say, whatever arrives; the oldest incomplete datagram goes first.
// Datagrams that need no more bytes (complete, ignored, poisoned) are remembered
// apart, so that a storm of them drives no incomplete one out.
type defragmenter struct {
	maxLive  int
	maxBytes int
	timeout  Nanos

	table  map[fragKey]*datagram
	live   fragQueue // collecting
	closed fragQueue // all other states
	bytes  int       // cost of all
	free   []*datagram
	out    [][]byte // assembled datagrams of the current frame, one per depth
	used   int
	stats  *DecodeStats
}

// Limits without a knob.
const (
	maxClosed    = 256
	maxFree      = 64
	completeKept = Nanos(1e9) // how long a duplicate of a completed datagram's fragment is known as such
)

func (t *defragmenter) init(cfg DecoderConfig, stats *DecodeStats) {
	t.maxLive, t.maxBytes, t.timeout = cfg.MaxDatagrams, cfg.MaxFragmentBytes, cfg.FragmentTimeout
	if t.maxLive <= 0 {
		t.maxLive = 1000
	}
	if t.maxBytes <= 0 {
		t.maxBytes = 8 << 20
	}
	if t.timeout <= 0 {
		t.timeout = Nanos(30e9)
	}
	t.table = make(map[fragKey]*datagram)
	t.stats = stats
}

// begin frees the datagrams that were handed out for the frame before.
func (t *defragmenter) begin() { t.used = 0 }

// fragment is one fragment as its IP header describes it.
type fragment struct {
	key    fragKey
	now    Nanos
	off    int
	more   bool
	proto  uint8
	wanted bool // at offset 0: its ports are wanted. Elsewhere unknown, true
	data   []byte
}

// add takes a fragment in. It returns the datagram when f completes it, with the
// protocol that its first fragment named.
func (t *defragmenter) add(f *fragment) (whole []byte, proto uint8, ok bool) {
	t.stats.Fragments++
	g := t.find(f)
	if g == nil {
		return nil, 0, false
	}
	before := g.cost()
	if f.off == 0 {
		g.proto = f.proto
	}
	g.count++
	fits := g.add(f.off, f.more, f.data)
	t.bytes += g.cost() - before
	if !fits {
		t.misfit(g, f)
		return nil, 0, false
	}
	if !g.whole() {
		t.shrink()
		return nil, 0, false
	}
	whole, proto = t.assemble(g), g.proto
	t.stats.Datagrams++
	t.close(g, complete, f.now)
	t.shrink()
	return whole, proto, true
}

// find gives the datagram that f belongs to, or nil when f is of no use.
func (t *defragmenter) find(f *fragment) *datagram {
	g := t.table[f.key]
	if g != nil && t.expired(g, f.now) {
		t.drop(g)
		g = nil
	}
	if g != nil {
		switch g.state {
		case collecting:
			if !f.wanted {
				t.close(g, ignored, f.now)
				return nil
			}
			if g.repeats(f.off, f.data) {
				return nil
			}
			return g
		case complete:
			if g.repeats(f.off, f.data) {
				return nil
			}
		case ignored:
			if f.off != 0 {
				return nil
			}
		case poisoned:
			t.stats.FragmentsDropped++
			return nil
		}
		t.drop(g) // the identification is used again
	}
	g = t.open(f)
	if !f.wanted {
		t.close(g, ignored, f.now)
		return nil
	}
	return g
}

// expired reports whether g's time is over. Packet time may jump either way.
func (t *defragmenter) expired(g *datagram, now Nanos) bool {
	limit := t.timeout
	if g.state == complete {
		limit = completeKept
	}
	age := now - g.since
	return age > limit || age < -limit
}

// open starts the datagram of f, making room for it.
func (t *defragmenter) open(f *fragment) *datagram {
	for g := t.live.oldest; g != nil && (t.live.n >= t.maxLive || t.expired(g, f.now)); g = t.live.oldest {
		t.drop(g)
	}
	var g *datagram
	if n := len(t.free); n > 0 {
		g, t.free = t.free[n-1], t.free[:n-1]
	} else {
		g = new(datagram)
	}
	g.reset(f.key, f.now)
	t.table[f.key] = g
	t.live.push(g)
	t.bytes += g.cost()
	return g
}

// misfit deals with a fragment that contradicts its datagram.
func (t *defragmenter) misfit(g *datagram, f *fragment) {
	t.stats.FragmentsDropped++
	g.count--
	if !f.key.v4 || len(g.pieces) >= maxPieces {
		t.stats.FragmentsDropped += uint64(g.count)
		t.close(g, poisoned, f.now)
	}
}

// assemble copies the datagram out: it must outlive the datagram until the next frame.
func (t *defragmenter) assemble(g *datagram) []byte {
	if t.used == len(t.out) {
		t.out = append(t.out, nil)
	}
	b := g.assemble(t.out[t.used][:0])
	t.out[t.used] = b
	t.used++
	return b
}

// close takes g out of those that wait for bytes. A complete one keeps its bytes
// so that its duplicates are known, the others give theirs back.
func (t *defragmenter) close(g *datagram, s fragState, now Nanos) {
	t.live.remove(g)
	g.state, g.since = s, now
	if s != complete {
		t.bytes -= g.cost()
		g.release()
		t.bytes += g.cost()
	}
	t.closed.push(g)
	if t.closed.n > maxClosed {
		t.drop(t.closed.oldest)
	}
}

// shrink brings the memory back below the limit: what is only remembered goes first.
func (t *defragmenter) shrink() {
	for t.bytes > t.maxBytes {
		g := t.closed.oldest
		if g == nil {
			g = t.live.oldest
		}
		if g == nil {
			return
		}
		t.drop(g)
	}
}

// drop forgets g.
func (t *defragmenter) drop(g *datagram) {
	delete(t.table, g.key)
	if g.state == collecting {
		t.stats.FragmentsDropped += uint64(g.count)
		t.live.remove(g)
	} else {
		t.closed.remove(g)
	}
	t.bytes -= g.cost()
	g.release()
	if len(t.free) < maxFree {
		t.free = append(t.free, g)
	}
}
