package detectors

// Buffers come in three sizes: most cut units are short, few need the cap.
var bufferSizes = [...]int{256, 4 << 10, 17 << 10, 65 << 10}

// keptBuffers is how many free buffers of a size are kept.
const keptBuffers = 64

// grow gives a buffer that holds old and has room for n bytes more. It fails
// when the engine's bound on buffered bytes is reached; old is given back then.
func (e *Engine) grow(old []byte, n int) ([]byte, bool) {
	need := len(old) + n
	if need <= cap(old) {
		return old, true
	}
	size := 0
	for size < len(bufferSizes)-1 && bufferSizes[size] < need {
		size++
	}
	if e.buffered+bufferSizes[size] > e.cfg.Buffered || need > bufferSizes[size] {
		return old, false
	}
	e.buffered += bufferSizes[size]
	var buf []byte
	if free := e.buffers[size]; len(free) > 0 {
		buf = free[len(free)-1]
		e.buffers[size] = free[:len(free)-1]
	} else {
		buf = make([]byte, 0, bufferSizes[size])
	}
	buf = append(buf, old...)
	e.release(old)
	return buf, true
}

// release clears a buffer and keeps it for later.
func (e *Engine) release(buf []byte) {
	if cap(buf) == 0 {
		return
	}
	clear(buf)
	e.buffered -= cap(buf)
	for size, n := range bufferSizes {
		if cap(buf) == n && len(e.buffers[size]) < keptBuffers {
			e.buffers[size] = append(e.buffers[size], buf[:0])
		}
	}
}
