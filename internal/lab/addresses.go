//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"strings"
)

// The addresses of the lab's one network, 10.80.0.0/24 and fd80::/64. The last
// part is the same in both families.
const (
	ClientNode  = 11 // the host with the clients; it has ClientNodes addresses, from here on
	ClientNodes = 4
	OpenNode    = 25 // Dovecot and Postfix that take passwords in clear, TLS offered
	StrictNode  = 26 // Dovecot and Postfix that refuse passwords in clear
	PlainNode   = 27 // Dovecot and Postfix that know no TLS
	CyrusNode   = 28
	CourierNode = 29
	EximNode    = 30
	SensorNode  = 60
)

// nodes maps the last part of each address to the name in every host's /etc/hosts.
func nodes() map[int]string {
	m := map[int]string{OpenNode: "mail", StrictNode: "strict", PlainNode: "plain", CyrusNode: "cyrus",
		CourierNode: "courier", EximNode: "exim", SensorNode: "sensor"}
	for i := range ClientNodes {
		m[ClientNode+i] = fmt.Sprintf("client%d", i+1)
	}
	return m
}

// IPv4 is a node's address in 10.80.0.0/24.
func IPv4(node int) netip.Addr { return netip.AddrFrom4([4]byte{10, 80, 0, byte(node)}) }

// IPv6 is a node's address in fd80::/64; its last group reads as the IPv4 one's last part.
func IPv6(node int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("fd80::%d", node)) }

func hosts() string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	names := nodes()
	for n := range 256 {
		if name := names[n]; name != "" {
			fmt.Fprintf(&b, "%v %s.example.org %s\n%v %s.example.org\n", IPv4(n), name, name, IPv6(n), name)
		}
	}
	return b.String()
}
