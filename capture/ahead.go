package capture

import (
	"errors"
	"io"
	"sync"
)

// aheadBlocks is how many blocks go to and fro between an ahead's two ends.
const aheadBlocks = 3

// ahead reads a stream in a goroutine of its own, so that decompression and
// parsing overlap and a reader that waits for a pipe can be stopped. A few
// blocks are passed to and fro; nothing is allocated while it runs.
type ahead struct {
	fill func([]byte) (int, error) // called by the goroutine alone
	full chan block
	free chan []byte
	stop chan struct{}   // closed by close
	end  <-chan struct{} // when closed, the stream is over; may be nil
	gone chan struct{}   // closed when the goroutine has ended
	once sync.Once
	cur  block
	rest []byte // of cur.data, not yet read
}

// block is what one read gave.
type block struct {
	data []byte
	err  error
}

// newAhead starts reading with fill into blocks of size bytes.
func newAhead(fill func([]byte) (int, error), size int, end <-chan struct{}) *ahead {
	a := &ahead{
		fill: fill,
		full: make(chan block, aheadBlocks),
		free: make(chan []byte, aheadBlocks),
		stop: make(chan struct{}),
		end:  end,
		gone: make(chan struct{}),
	}
	for range aheadBlocks {
		a.free <- nil // made when it is needed: most files are small
	}
	go a.run(size)
	return a
}

func (a *ahead) run(size int) {
	defer close(a.gone)
	for {
		select {
		case <-a.stop:
			return
		case b := <-a.free:
			if b == nil {
				b = make([]byte, size)
			}
			n, err := a.guarded(b)
			a.full <- block{b[:n], err} // has room for all blocks there are
			if err != nil {
				return
			}
		}
	}
}

// guarded calls fill and turns a panic of a decompressor into damage of its input.
func (a *ahead) guarded(b []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err = 0, &unpackError{Corrupt, "the compressed data made the decompressor fail", ""}
		}
	}()
	for range maxIdleReads {
		if n, err = a.fill(b); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// Read gives bytes of the stream. It gives io.EOF when the ahead was closed or
// its end came.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.cur.err != nil {
			return 0, a.cur.err
		}
		if a.cur.data != nil {
			a.free <- a.cur.data[:cap(a.cur.data)]
			a.cur.data = nil
		}
		select {
		case a.cur = <-a.full:
			a.rest = a.cur.data
		case <-a.end:
			return 0, io.EOF
		case <-a.stop:
			return 0, io.EOF
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// close stops the goroutine, at the latest when its current read returns.
func (a *ahead) close() { a.once.Do(func() { close(a.stop) }) }

// wait waits until the goroutine has ended.
func (a *ahead) wait() { <-a.gone }

// whole makes of a reader a function that fills blocks to the brim, so that
// a block is worth its way between goroutines.
func whole(r io.Reader) func([]byte) (int, error) {
	return func(b []byte) (int, error) {
		n, err := io.ReadFull(r, b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return n, err
	}
}
