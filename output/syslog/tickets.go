package syslog

import "crypto/tls"

// tickets tells when a server of TLS 1.3 has accepted the client's certificate: it
// sends session tickets after that, and says no by then. Sessions are not resumed.
type tickets struct{ came chan struct{} }

func (t *tickets) Get(string) (*tls.ClientSessionState, bool) { return nil, false }

func (t *tickets) Put(string, *tls.ClientSessionState) {
	select {
	case t.came <- struct{}{}:
	default:
	}
}
