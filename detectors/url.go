package detectors

import (
	"bytes"

	"cleartap/detectors/syntax"
)

// hostOfURL finds the host in a URL such as imap://user;AUTH=*@host:143/ (RFC 5092):
// behind "//" and what may stand for a user, up to the port or the path. It is empty if
// what stands there is no host.
func hostOfURL(url []byte) string {
	i := bytes.Index(url, []byte("//"))
	if i < 0 {
		return ""
	}
	url = url[i+2:]
	if n := bytes.IndexAny(url, "/ ]\"?#"); n >= 0 && (url[0] != '[' || n > bytes.IndexByte(url, ']')) {
		url = url[:n]
	}
	if at := bytes.LastIndexByte(url, '@'); at >= 0 {
		url = url[at+1:]
	}
	if len(url) > 0 && url[0] == '[' { // an address of IPv6
		end := bytes.IndexByte(url, ']')
		if end < 0 || !isAddress(url[1:end]) {
			return ""
		}
		return string(url[1:end])
	}
	if n := bytes.IndexByte(url, ':'); n >= 0 {
		url = url[:n]
	}
	if !isHost(url) && !isLabel(url) {
		return ""
	}
	return string(url)
}

// isLabel reports whether b may be a host name of one label.
func isLabel(b []byte) bool {
	for _, c := range b {
		if c != '-' && !syntax.Alnum(c) {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 63
}

func isAddress(b []byte) bool {
	for _, c := range b {
		if c != ':' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(b) > 1 && len(b) <= 45
}

// holdsURL reports whether a text has a link in it that a client would make clickable.
func holdsURL(text []byte) bool {
	return bytes.Contains(text, []byte("://")) || indexFold(text, "WWW.") >= 0 || indexFold(text, "MAILTO:") >= 0
}
