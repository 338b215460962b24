package afpacket

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"cleartap/capture"
	"cleartap/capture/kernelfilter"
)

// inVXLAN is a TCP segment of a client, or the answer, in VXLAN whose outer port depends on
// the direction.
func inVXLAN(client byte, answer bool) []byte {
	ip := func(proto byte, src, dst uint32, payload []byte) []byte {
		h := make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, proto
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
		binary.BigEndian.PutUint32(h[12:], src)
		binary.BigEndian.PutUint32(h[16:], dst)
		return append(h, payload...)
	}
	ether := func(p []byte) []byte { return append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, p...) }
	src, dst, sport := uint32(0x0a000000)+uint32(client), uint32(0xc0000201), uint16(50000)+uint16(client)
	tcp := make([]byte, 20)
	binary.BigEndian.PutUint16(tcp, 40000)
	binary.BigEndian.PutUint16(tcp[2:], 110)
	if answer {
		src, dst, sport = dst, src, sport+7
		binary.BigEndian.PutUint16(tcp, 110)
		binary.BigEndian.PutUint16(tcp[2:], 40000)
	}
	tcp[12] = 0x50
	inner := ether(ip(6, src, dst, tcp))
	udp := make([]byte, 16)
	binary.BigEndian.PutUint16(udp, sport)
	binary.BigEndian.PutUint16(udp[2:], 4789)
	binary.BigEndian.PutUint16(udp[4:], uint16(16+len(inner)))
	udp[8] = 8
	return ether(ip(17, 0x0a080001, 0x0a080002, append(udp, inner...)))
}

// The kernel runs the fan-out program on frames that come in and on frames that go out, with
// and without tags: each client's flow has one socket, and both sockets have clients.
func TestShareByInnerAddresses(t *testing.T) {
	ownNetwork(t)
	ip(t, "link", "add", "m0", "type", "veth", "peer", "name", "m1")
	ip(t, "link", "set", "m0", "up")
	ip(t, "link", "set", "m1", "up")
	share, err := kernelfilter.Fanout(false)
	if err != nil {
		t.Fatal(err)
	}
	var groups [][]*Source
	for i, name := range []string{"m1", "m0"} { // m0 shows what goes out
		var group []*Source
		for range 2 {
			s, err := Open(Config{Interfaces: []string{name}, Ring: MinRing, Promiscuous: true, Filter: mailFilter(t), Fanout: uint16(7 + i), Share: share})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			group = append(group, s)
		}
		groups = append(groups, group)
	}
	out, err := packetSender("m0")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(out)
	const clients = 40
	for client := range byte(clients) {
		for _, tags := range []string{"", "\x81\x00\x00\x05", "\x88\xa8\x00\x06\x81\x00\x00\x05"} {
			for _, answer := range []bool{false, true} {
				f := inVXLAN(client, answer)
				f = append(append(append([]byte(nil), f[:12]...), tags...), f[12:]...)
				if _, err := unix.Write(out, f); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for i, group := range groups {
		var of [clients][2]int
		for k, s := range group {
			for _, c := range innerClients(t, s) {
				of[c][k]++
			}
		}
		var used [2]int
		for c, n := range of {
			if n[0]+n[1] != 6 || n[0] != 0 && n[1] != 0 {
				t.Errorf("group %d, client %d: %v frames at the sockets, want 6 at one", i, c, n)
			}
			for k := range n {
				used[k] += n[k]
			}
		}
		if used[0] == 0 || used[1] == 0 {
			t.Errorf("group %d: %v frames at the sockets", i, used)
		}
	}
}

// packetSender opens a socket that sends on an interface.
func packetSender(name string) (int, error) {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: iface.Index})
}

// innerClients gives the client of each frame that came.
func innerClients(t *testing.T, s *Source) (out []byte) {
	t.Helper()
	d := capture.NewDecoder(capture.DecoderConfig{})
	var f capture.Frame
	var seg capture.Segment
	for quiet := 0; quiet < 2; {
		switch err := s.Next(&f); {
		case errors.Is(err, ErrIdle):
			quiet++
		case err != nil:
			t.Fatal(err)
		case d.Decode(&f, &seg):
			end := seg.Src
			if end.Port == 110 {
				end = seg.Dst
			}
			out = append(out, end.IP[15])
		}
	}
	return out
}
