//go:build linux

package main

import (
	"encoding/binary"

	"cleartap/internal/lab"
)

// outer puts an Ethernet and an IPv4 header from one mirror to a sensor before a payload.
func outer(protocol byte, payload []byte) []byte {
	f := []byte{2, 0x80, 0, 0, 0, 60, 2, 0x80, 0, 0, 0, 61, 8, 0}
	ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 80, 0, 61, 10, 80, 0, 60}
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(payload)))
	var sum uint32
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum+sum>>16))
	return append(append(f, ip...), payload...)
}

// vxlan wraps a frame as RFC 7348 says, without a UDP checksum.
func vxlan(f lab.Frame) []byte {
	h := []byte{0xc0, 0x01, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 80, 0} // UDP to port 4789, then VXLAN network 80
	binary.BigEndian.PutUint16(h[4:], uint16(len(h)+len(f.Data)))
	return outer(17, append(h, f.Data...))
}

// erspan wraps a frame as ERSPAN type II: GRE with a sequence number, protocol 88be.
func erspan(f lab.Frame) []byte {
	h := []byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 80, 0, 1, 0, 0, 0, 0}
	return outer(47, append(h, f.Data...))
}

// ipInIP wraps the packet of a frame as RFC 2003 says.
func ipInIP(f lab.Frame) []byte {
	ip := network(f.Data)
	if len(ip) == 0 || ip[0]>>4 != 4 {
		return nil
	}
	return outer(4, ip)
}
