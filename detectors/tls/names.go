package tls

// serverName reads the host name of a server_name extension (RFC 6066 section 3); it is
// empty if there is none that could be one.
func serverName(body []byte) string {
	r := &reader{p: (&reader{p: body}).vector(2)}
	for !r.empty() {
		kind := r.number(1)
		name := r.vector(2)
		if r.ok() && kind == 0 {
			return hostName(name)
		}
	}
	return ""
}

// hostName gives a host name in lower case, or nothing if it has other bytes than
// host names have.
func hostName(b []byte) string {
	if len(b) == 0 || len(b) > 253 {
		return ""
	}
	var buf [253]byte
	for i, c := range b {
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return ""
		}
		buf[i] = c
	}
	return string(buf[:len(b)])
}

// firstProtocol gives the first name of an ALPN list (RFC 7301 section 3.1).
func firstProtocol(body []byte) []byte {
	return (&reader{p: (&reader{p: body}).vector(2)}).vector(1)
}

// protocols are the ALPN names that are told, as IANA lists them; of others nothing is
// kept.
var protocols = [...]string{"imap", "pop3", "managesieve", "nntp", "nnsp", "smtp", "lmtp", "http/1.0", "http/1.1", "h2", "acme-tls/1"}

func protocolName(b []byte) string {
	for _, p := range protocols {
		if string(b) == p {
			return p
		}
	}
	return ""
}
