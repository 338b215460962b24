//go:build linux

package lab

import (
	"fmt"
	"sync"
	"time"
)

// Frame is an Ethernet frame as it was seen on the wire.
type Frame struct {
	Time time.Time
	Dir  Dir
	Data []byte
}

// Recorder keeps the frames of the wire in memory. It is called by the wire
// itself before a frame is delivered, so that no frame is missed.
type Recorder struct {
	mu     sync.Mutex
	frames []Frame
	remove func()
	wire   *Wire
}

// Record begins to keep frames.
func (w *Wire) Record() *Recorder {
	r := &Recorder{wire: w}
	r.remove = w.Tap(func(at time.Time, d Dir, data []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.frames = append(r.frames, Frame{Time: at, Dir: d, Data: append([]byte(nil), data...)})
	})
	return r
}

// Len is how many frames were kept so far.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.frames)
}

// Frames gives the frames kept so far. They are not to be changed.
func (r *Recorder) Frames() []Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames[:len(r.frames):len(r.frames)]
}

// Settle waits until no frame has come for a while; it gives up after ten seconds.
func (r *Recorder) Settle(quiet time.Duration) error {
	limit := time.Now().Add(10 * time.Second)
	for last, since := r.Len(), time.Now(); time.Since(since) < quiet; {
		time.Sleep(quiet / 10)
		if n := r.Len(); n != last {
			last, since = n, time.Now()
		}
		if time.Now().After(limit) {
			return fmt.Errorf("the wire does not come to rest")
		}
	}
	return r.wire.Err()
}

// Stop ends the recording and gives all of it.
func (r *Recorder) Stop() []Frame {
	r.remove()
	return r.Frames()
}
