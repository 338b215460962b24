package syntax

import "net/netip"

// XClient reads the arguments of XCLIENT, with which a proxy tells the client that
// it speaks for: ADDR and PORT, as Postfix and Dovecot have them, IPv6 perhaps behind
// a prefix. Without an address that can be read the result is not valid; without a
// port it is 0.
func XClient(args []byte) netip.AddrPort {
	var addr netip.Addr
	var port uint64
	for len(args) > 0 {
		var attr []byte
		attr, args = Word(args)
		switch {
		case HasPrefix(attr, "ADDR="):
			addr = address(attr[len("ADDR="):])
		case HasPrefix(attr, "PORT="):
			port, _ = Number(attr[len("PORT="):])
		}
	}
	if !addr.IsValid() || port >= 1<<16 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// address reads an address as XCLIENT writes it.
func address(b []byte) netip.Addr {
	if HasPrefix(b, "IPV6:") {
		b = b[len("IPV6:"):]
	}
	if len(b) > 45 { // longer than any address
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}
