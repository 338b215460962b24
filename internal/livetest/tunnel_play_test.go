//go:build linux

package livetest

import (
	"encoding/binary"
	"hash/fnv"
	"net"
	"strconv"
	"time"

	"cleartap/internal/trafficgen"
)

// encapsulate puts generated frames into VXLAN as a cloud's mirror does, with an outer port
// that depends on the direction of the flow: INTERFACE MEGABYTES PER_SECOND SEED.
func encapsulate(args []string) error {
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	rate, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	seed, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	frames, _, err := generated(trafficgen.Logins, int64(size)<<20, uint64(seed))
	if err != nil {
		return err
	}
	for i, f := range frames {
		frames[i] = vxlan(f)
	}
	w, err := openWire(args[0])
	if err != nil {
		return err
	}
	s := &sender{wire: w}
	return s.round(frames, time.Now(), rate, 0)
}

// vxlan is a frame in VXLAN (RFC 7348) in UDP over IPv4.
func vxlan(inner []byte) []byte {
	h := fnv.New32a()
	h.Write(inner[12:min(len(inner), 46)]) // addresses and ports, in this order
	f := make([]byte, 50, 50+len(inner))
	copy(f, net.HardwareAddr{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2})
	f[12], f[13] = 8, 0
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(36+len(inner)))
	copy(ip[12:], []byte{10, 77, 0, 1, 10, 77, 0, 2})
	binary.BigEndian.PutUint16(ip[20:], uint16(49152+h.Sum32()%16384))
	binary.BigEndian.PutUint16(ip[22:], 4789)
	binary.BigEndian.PutUint16(ip[24:], uint16(16+len(inner)))
	ip[28] = 8
	return append(f, inner...)
}
