package afpacket

import (
	"errors"
	"net"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"cleartap/capture"
)

// ring is a TPACKET_V3 receive ring: blocks that the kernel fills and hands over
// as a whole. Layout: linux/if_packet.h, Documentation/networking/packet_mmap.rst.
type ring struct {
	fd     int
	iface  int
	memory []byte
	blocks int
	block  int    // which block is next
	left   uint32 // frames left in the block that is ours
	at     uint32 // offset of the next one in memory
	held   bool   // block is ours
	link   capture.LinkType
}

// openRing makes a socket that receives from the interface. The filter and the ring
// are set before the socket is bound, so that nothing unfiltered gets in.
func openRing(cfg *Config, name string) (*ring, error) {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return nil, opError("find interface", name, unwrapNet(err))
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, opError("open a packet socket for", name, err)
	}
	r := &ring{fd: fd, iface: iface.Index}
	if err := r.setUp(cfg, name); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func unwrapNet(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func (r *ring) setUp(cfg *Config, name string) error {
	link, err := linkType(r.fd, name)
	if err != nil {
		return opError("ask for the link type of", name, err)
	}
	r.link = link
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return opError("choose the ring's version on", name, err)
	}
	if err := r.filter(cfg); err != nil {
		return opError("set the filter on", name, err)
	}
	if err := r.mmap(cfg); err != nil {
		return opError("make the ring for", name, err)
	}
	addr := &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: r.iface}
	if err := unix.Bind(r.fd, addr); err != nil {
		return opError("bind to", name, err)
	}
	if cfg.Promiscuous {
		mreq := &unix.PacketMreq{Ifindex: int32(r.iface), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, mreq); err != nil {
			return opError("set promiscuous mode on", name, err)
		}
	}
	if cfg.Fanout != 0 {
		if err := r.join(cfg); err != nil {
			return opError("join the fan-out group on", name, err)
		}
	}
	return nil
}

// join joins the fan-out group. Fragments are put together by the kernel before it
// chooses, so that all of a flow reach one socket.
func (r *ring) join(cfg *Config) error {
	set := func(kind int) error {
		return unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, int(cfg.Fanout)|(kind|unix.PACKET_FANOUT_FLAG_DEFRAG)<<16)
	}
	if len(cfg.Share) == 0 || r.link != capture.LinkEthernet {
		return set(unix.PACKET_FANOUT_HASH)
	}
	if err := set(unix.PACKET_FANOUT_CBPF); errors.Is(err, unix.EINVAL) { // Linux before 4.3
		return set(unix.PACKET_FANOUT_HASH)
	} else if err != nil {
		return err
	}
	return unix.SetsockoptSockFprog(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, program(cfg.Share))
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

func (r *ring) filter(cfg *Config) error {
	if len(cfg.Filter) == 0 {
		return nil
	}
	if r.link != capture.LinkEthernet { // the program is written for Ethernet frames
		if cfg.MustFilter {
			return errors.New("a filter works on Ethernet interfaces only")
		}
		return nil
	}
	return unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, program(cfg.Filter))
}

// program is a program as the kernel takes it; it has an instruction at least.
func program(p []bpf.RawInstruction) *unix.SockFprog {
	raw := make([]unix.SockFilter, len(p))
	for i, f := range p {
		raw[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	return &unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]}
}

func (r *ring) mmap(cfg *Config) error {
	r.blocks = cfg.Ring / blockSize
	req := &unix.TpacketReq3{
		Block_size: blockSize, Block_nr: uint32(r.blocks),
		Frame_size: frameSize, Frame_nr: uint32(r.blocks * (blockSize / frameSize)),
		Retire_blk_tov: uint32(cfg.BlockTimeout / time.Millisecond),
	}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, req); err != nil {
		return err
	}
	memory, err := unix.Mmap(r.fd, 0, r.blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	r.memory = memory
	return err
}

func (r *ring) header(block int) *unix.TpacketHdrV1 {
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&r.memory[block*blockSize+8])) // after version and offset_to_priv
}

// next fills f with the next frame of the ring, if there is one.
func (r *ring) next(f *capture.Frame) bool {
	for r.left == 0 {
		if r.held {
			r.release()
		}
		h := r.header(r.block)
		if atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER == 0 {
			return false
		}
		r.held, r.left = true, h.Num_pkts
		r.at = uint32(r.block*blockSize) + h.Offset_to_first_pkt
	}
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.memory[r.at]))
	start := r.at + uint32(h.Mac)
	f.Time = capture.Nanos(int64(h.Sec)*1e9 + int64(h.Nsec))
	f.Data = r.memory[start : start+h.Snaplen : start+h.Snaplen]
	f.Length, f.Link, f.VLAN = int(h.Len), r.link, 0
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		f.VLAN = uint16(h.Hv1.Vlan_tci & 0x0fff)
	}
	r.at += h.Next_offset
	r.left--
	return true
}

// release gives the block back to the kernel.
func (r *ring) release() {
	atomic.StoreUint32(&r.header(r.block).Block_status, unix.TP_STATUS_KERNEL)
	r.block = (r.block + 1) % r.blocks
	r.held = false
}

// stats reads the kernel's counters and so sets them to zero.
func (r *ring) stats() Stats {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return Stats{}
	}
	return Stats{Packets: uint64(s.Packets), Drops: uint64(s.Drops), Freezes: uint64(s.Freeze_q_cnt)}
}

// failure is the socket's pending error: ENETDOWN when the interface went down.
func (r *ring) failure() error {
	n, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if n != 0 {
		return unix.Errno(n)
	}
	return nil
}

func (r *ring) close() {
	if r.memory != nil {
		unix.Munmap(r.memory)
		r.memory = nil
	}
	unix.Close(r.fd)
}
