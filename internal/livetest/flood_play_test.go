//go:build linux

package livetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"cleartap/internal/trafficgen"
)

// batch is how many frames one system call sends.
const batch = 64

// sender puts frames on an interface as fast as one processor can.
type sender struct {
	*wire
	messages [batch]message
	vectors  [batch]unix.Iovec
	n        int
	sent     uint64
}

// message is struct mmsghdr.
type message struct {
	unix.Msghdr
	len uint32
	_   [4]byte
}

func (s *sender) put(frame []byte) error {
	s.vectors[s.n] = unix.Iovec{Base: &frame[0], Len: uint64(len(frame))}
	s.messages[s.n] = message{Msghdr: unix.Msghdr{Iov: &s.vectors[s.n], Iovlen: 1}}
	if s.n++; s.n == batch {
		return s.flush()
	}
	return nil
}

func (s *sender) flush() error {
	for from := 0; from < s.n; {
		done, _, e := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.messages[from])), uintptr(s.n-from), 0, 0, 0)
		if e != 0 {
			if errors.Is(e, unix.ENOBUFS) || errors.Is(e, unix.EAGAIN) || errors.Is(e, unix.EINTR) {
				continue
			}
			return e
		}
		from += int(done)
		s.sent += uint64(done)
	}
	s.n = 0
	return nil
}

// generatedFile gives generated traffic as a pcap file.
func generatedFile(profile trafficgen.Profile, size int64, seed uint64) ([]byte, trafficgen.Truth, error) {
	o := trafficgen.Defaults(profile)
	o.Bytes, o.Seed, o.Conc, o.OtherConc, o.Flows = size, seed, 500, 500, 0
	var b bytes.Buffer
	truth, err := trafficgen.Generate(&b, o)
	return b.Bytes(), truth, err
}

// generated gives the frames of generated traffic.
func generated(profile trafficgen.Profile, size int64, seed uint64) ([][]byte, trafficgen.Truth, error) {
	b, truth, err := generatedFile(profile, size, seed)
	if err != nil {
		return nil, truth, err
	}
	var frames [][]byte
	data := b[24:]
	for len(data) >= 16 {
		n := int(uint32(data[8]) | uint32(data[9])<<8 | uint32(data[10])<<16 | uint32(data[11])<<24)
		frames = append(frames, data[16:16+n:16+n])
		data = data[16+n:]
	}
	return frames, truth, nil
}

// writeFlood writes what a flood sends into a capture: FILE PROFILE MEGABYTES SEED.
func writeFlood(args []string) error {
	size, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	seed, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	b, _, err := generatedFile(trafficgen.Profile(args[1]), int64(size)<<20, uint64(seed))
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], b, 0o600)
}

// readdress gives a frame other addresses, the same for both directions of a flow:
// a round of the same frames is then one of new flows.
func readdress(f []byte, by byte) {
	at := 12
	for f[at] == 0x81 && f[at+1] == 0 {
		at += 4
	}
	switch {
	case f[at] == 8 && f[at+1] == 0:
		f[at+2+13] ^= by
		f[at+2+17] ^= by
	case f[at] == 0x86 && f[at+1] == 0xdd:
		f[at+2+8+3] ^= by
		f[at+2+24+3] ^= by
	}
}

// flood sends generated traffic: INTERFACE PROFILE MEGABYTES SEED PER_SECOND TIME.
// PER_SECOND 0 is as fast as it goes, TIME 0 once. It prints how many frames it sent, how many
// logins were among them, and how many seconds it took.
func flood(args []string) error {
	var number [3]int
	for i, at := range []int{2, 3, 4} {
		n, err := strconv.Atoi(args[at])
		if err != nil {
			return err
		}
		number[i] = n
	}
	limit, err := time.ParseDuration(args[5])
	if err != nil {
		return err
	}
	frames, truth, err := generated(trafficgen.Profile(args[1]), int64(number[0])<<20, uint64(number[1]))
	if err != nil {
		return err
	}
	w, err := openWire(args[0])
	if err != nil {
		return err
	}
	s := &sender{wire: w}
	begun := time.Now()
	logins, round := int64(0), 0
	for ; round == 0 || time.Since(begun) < limit; round++ {
		if err := s.round(frames, begun, number[2], limit); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		logins += truth.Logins
		for _, f := range frames {
			readdress(f, byte(round)^byte(round+1))
		}
	}
	fmt.Printf("%d %d %.3f\n", s.sent, logins, time.Since(begun).Seconds())
	return nil
}

// round sends all frames once, in time.
func (s *sender) round(frames [][]byte, begun time.Time, rate int, limit time.Duration) error {
	for i, f := range frames {
		if err := s.put(f); err != nil {
			return err
		}
		if i%batch != batch-1 {
			continue
		}
		if rate > 0 {
			due := begun.Add(time.Duration(s.sent) * time.Second / time.Duration(rate))
			if wait := time.Until(due); wait > time.Millisecond {
				time.Sleep(wait)
			}
		}
		if limit > 0 && time.Since(begun) >= limit {
			return io.EOF
		}
	}
	return s.flush()
}
