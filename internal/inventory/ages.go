package inventory

// ages knows which server was not touched for longest. That a server is touched is
// written into it alone: its place is put right when it comes to be the oldest, so that
// a touch costs little, however many servers there are.
type ages struct {
	now  uint64 // touches so far
	heap []aged // the one of the least time first
}

// aged is a server, and when it was touched last when its place was found.
type aged struct {
	touched uint64
	server  *Server
}

func (a *ages) touch(s *Server) {
	a.now++
	s.touched = a.now
}

// add takes a server in, which is touched.
func (a *ages) add(s *Server) {
	a.touch(s)
	a.heap = append(a.heap, aged{s.touched, s}) // nothing is later
}

// oldest takes out the server that was not touched for longest. There must be one.
func (a *ages) oldest() *Server {
	for {
		first := a.heap[0]
		if first.touched != first.server.touched { // touched since
			a.heap[0].touched = first.server.touched
			a.sink()
			continue
		}
		end := len(a.heap) - 1
		a.heap[0] = a.heap[end]
		a.heap[end] = aged{}
		a.heap = a.heap[:end]
		a.sink()
		return first.server
	}
}

// sink puts the first one where it belongs.
func (a *ages) sink() {
	h := a.heap
	for k := 0; ; {
		down := 2*k + 1
		if down >= len(h) {
			return
		}
		if down+1 < len(h) && h[down+1].touched < h[down].touched {
			down++
		}
		if h[k].touched <= h[down].touched {
			return
		}
		h[k], h[down] = h[down], h[k]
		k = down
	}
}
