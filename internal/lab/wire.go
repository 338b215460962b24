//go:build linux

package lab

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is the direction of a frame on the wire.
type Dir uint8

// The directions of a frame.
const (
	ToServer Dir = iota
	ToClient
)

func (d Dir) String() string {
	if d == ToServer {
		return "to server"
	}
	return "to client"
}

// Tap is called with each frame that reaches the far end of the wire, in order,
// on the wire's own goroutine. The frame is valid during the call.
type Tap func(at time.Time, d Dir, frame []byte)

// Wire carries frames between client and server. Frames are lost, doubled,
// delayed, tagged and cut first, and seen by taps and by the mirror after that:
// an observer sees exactly what the receiver gets.
type Wire struct {
	ends   [2]int // sockets: [ToServer] is where frames for the server come in, from the client
	mirror int    // socket of the sensor's link
	wake   int    // eventfd

	mu     sync.Mutex
	how    Conditions
	random *rand.Rand
	taps   map[int]Tap
	next   int
	stop   bool
	failed error

	late delayed
	turn uint64 // numbers delayed frames, to keep their order
	done chan struct{}
}

// newWire opens the wire's sockets on the host in the middle and starts to forward.
func newWire(middle *Host) (*Wire, error) {
	w := &Wire{taps: map[int]Tap{}, done: make(chan struct{}), random: rand.New(rand.NewPCG(1, 1)), ends: [2]int{-1, -1}, mirror: -1, wake: -1}
	err := middle.Do(func() (err error) {
		if w.ends[ToServer], err = packetSocket("client"); err != nil {
			return err
		}
		if w.ends[ToClient], err = packetSocket("server"); err != nil {
			return err
		}
		if w.mirror, err = packetSocket("mirror"); err != nil {
			return err
		}
		w.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		return err
	})
	if err != nil {
		w.closeSockets()
		return nil, err
	}
	go w.forward()
	return w, nil
}

// packetSocket opens a raw socket on the interface of the calling thread's network.
func packetSocket(name string) (int, error) {
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, all)
	if err != nil {
		return -1, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(dev.Index), Type: unix.PACKET_MR_PROMISC}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: dev.Index}))
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Set changes the wire's conditions from the next frame on, and begins the
// random choices anew, from the conditions' seed.
func (w *Wire) Set(c Conditions) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.how = c
	w.random = rand.New(rand.NewPCG(c.Seed, 1))
}

// Tap lets f see all frames from now on, until remove is called.
func (w *Wire) Tap(f Tap) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.next
	w.next++
	w.taps[n] = f
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.taps, n)
	}
}

// forward is the wire's goroutine.
func (w *Wire) forward() {
	defer close(w.done)
	buf := make([]byte, 1<<16)
	fds := []unix.PollFd{{Fd: int32(w.ends[0]), Events: unix.POLLIN}, {Fd: int32(w.ends[1]), Events: unix.POLLIN}, {Fd: int32(w.wake), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, w.late.wait(time.Now())); err != nil && !errors.Is(err, unix.EINTR) {
			w.fail(err)
			return
		}
		w.mu.Lock()
		if w.stop {
			w.mu.Unlock()
			return
		}
		for _, d := range []Dir{ToServer, ToClient} {
			w.drain(d, buf)
		}
		for now := time.Now(); len(w.late) > 0 && !w.late[0].due.After(now); {
			f := heap.Pop(&w.late).(*frame)
			w.deliver(f.dir, f.data)
		}
		w.mu.Unlock()
	}
}

// drain reads what has come for direction d. Not more than a batch at a time:
// the other direction waits.
func (w *Wire) drain(d Dir, buf []byte) {
	for range 64 {
		n, from, err := unix.Recvfrom(w.ends[d], buf, 0)
		if err != nil {
			return // nothing left; a link that went down shows as frames that do not come
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		w.pass(d, buf[:n])
	}
}

// pass applies the conditions to one frame.
func (w *Wire) pass(d Dir, data []byte) {
	for _, f := range w.how.apply(w.random, d, data) {
		if f.after == 0 {
			w.deliver(d, f.data)
			continue
		}
		w.turn++
		heap.Push(&w.late, &frame{dir: d, data: append([]byte(nil), f.data...), due: time.Now().Add(f.after), turn: w.turn})
	}
}

// deliver shows the frame to taps and mirror, as it is on the wire, and gives it
// to the receiver without its tags.
func (w *Wire) deliver(d Dir, data []byte) {
	now := time.Now()
	for i := range w.next {
		if tap := w.taps[i]; tap != nil {
			tap(now, d, data)
		}
	}
	if !w.how.OneWay || d == ToServer {
		w.send(w.mirror, data)
	}
	w.send(w.ends[1-d], untag(data))
}

func (w *Wire) send(fd int, data []byte) {
	err := unix.Sendto(fd, data, 0, nil)
	for errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ENOBUFS) {
		time.Sleep(100 * time.Microsecond)
		err = unix.Sendto(fd, data, 0, nil)
	}
	if err != nil && w.failed == nil {
		w.failed = fmt.Errorf("forward a frame of %d bytes: %w", len(data), err)
	}
}

func (w *Wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = err
}

// Err tells what went wrong while forwarding, if anything did, or that frames
// were lost because this process was too slow.
func (w *Wire) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	for _, fd := range w.ends {
		s, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil {
			return err
		}
		if s.Drops > 0 {
			w.failed = fmt.Errorf("the wire lost %d frames: this machine was too slow", s.Drops)
		}
	}
	return w.failed
}

func (w *Wire) close() {
	w.mu.Lock()
	w.stop = true
	w.mu.Unlock()
	_, _ = unix.Write(w.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	<-w.done
	w.closeSockets()
}

func (w *Wire) closeSockets() {
	for _, fd := range []int{w.ends[0], w.ends[1], w.mirror, w.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}
