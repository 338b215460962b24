//go:build linux

package livetest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"cleartap/internal/trafficgen"
)

// encapsulate sends generated frames in tunnels, as mirrors do whose two directions come
// from different places: INTERFACE TUNNELS MEGABYTES PER_SECOND SEED. TUNNELS are names
// with commas between them, the innermost first.
func encapsulate(args []string) error {
	var number [3]int
	for i := range number {
		n, err := strconv.Atoi(args[2+i])
		if err != nil {
			return err
		}
		number[i] = n
	}
	frames, _, err := generated(trafficgen.Logins, int64(number[0])<<20, uint64(number[2]))
	if err != nil {
		return err
	}
	for i, f := range frames {
		h := fnv.New32a()
		h.Write(f[12:min(len(f), 46)]) // addresses and ports, in this order
		for _, kind := range strings.Split(args[1], ",") {
			if frames[i], err = inTunnel(kind, h.Sum32(), frames[i]); err != nil {
				return err
			}
		}
	}
	w, err := openWire(args[0])
	if err != nil {
		return err
	}
	s := &sender{wire: w}
	return s.round(frames, time.Now(), number[1], 0)
}

// tunnel is what lies between the outer IPv4 header and what it carries.
type tunnel struct {
	proto byte
	head  string
	frame bool // it carries the frame, not the packet in it
}

var tunnels = map[string]tunnel{
	"vxlan":   {17, "0000 12b5 0000 0000 0800 0000 0000 0700", true},           // RFC 7348
	"geneve":  {17, "0000 17c1 0000 0000 0100 6558 0000 0700 0000 0000", true}, // RFC 8926, an option
	"gre":     {47, "2000 0800 0000 0007", false},                              // RFC 2890, a key
	"erspan":  {47, "1000 88be 0000 0001 1007 0000 0000 0000", true},           // type II
	"erspan3": {47, "1000 22eb 0000 0001 2007 0000 0000 0000 0000 0000", true}, // type III
	"ipip":    {4, "", false},                                                  // RFC 2003
}

// inTunnel is a frame in an IPv4 packet whose source, and port if it has one, depend on way.
func inTunnel(kind string, way uint32, inner []byte) ([]byte, error) {
	t, ok := tunnels[kind]
	if !ok {
		return nil, fmt.Errorf("no tunnel %q", kind)
	}
	head, err := hex.DecodeString(strings.ReplaceAll(t.head, " ", ""))
	if err != nil {
		return nil, err
	}
	if !t.frame {
		for inner = inner[12:]; bytes.HasPrefix(inner, []byte{0x81, 0}); inner = inner[4:] {
		}
		if t.proto == 47 {
			copy(head[2:], inner[:2])
		}
		if inner[0] == 0x86 && t.proto == 4 {
			t.proto = 41
		}
		inner = inner[2:]
	}
	if t.proto == 17 {
		binary.BigEndian.PutUint16(head, uint16(49152+way%16384))
		binary.BigEndian.PutUint16(head[4:], uint16(len(head)+len(inner)))
	}
	f := make([]byte, 34, 34+len(head)+len(inner))
	copy(f, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0})
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, t.proto
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(head)+len(inner)))
	copy(ip[12:], []byte{10, 77, byte(way >> 8), byte(way), 10, 78, 0, 2})
	return append(append(f, head...), inner...), nil
}
