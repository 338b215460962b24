// Package syslog sends records to syslog receivers: RFC 5424 or RFC 3164, over UDP
// (RFC 5426), TCP (RFC 6587), TLS (RFC 5425) or a local socket. Its one job is to
// bring each record over as one message; its invariant: a record is acknowledged
// only after all of it left this host as far as the transport can tell, and no
// message is ever split, cut off, or joined by another.
//
// Syslog has no acknowledgements. What this package makes up for it: a message that
// the other host's kernel has not confirmed is not done, and when a connection
// breaks, the messages of its last five seconds are sent again. A receiver may see
// one twice, with the same event.id.
package syslog

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"cleartap/output/format"
	"cleartap/output/format/native"
	"cleartap/output/transport"
)

// Transport is how messages travel.
type Transport uint8

// The transports.
const (
	UDP Transport = iota
	TCP
	TLS
	Unix
)

var transports = [...]string{"udp", "tcp", "tls", "unix"}

// String is the scheme of the transport's URL.
func (t Transport) String() string {
	if int(t) < len(transports) {
		return transports[t]
	}
	return "unknown"
}

// Framing says how messages are told apart on a stream.
type Framing uint8

// The framings (RFC 6587). Octets is the zero value, and what RFC 5425 asks of TLS;
// Lines is for receivers that read lines.
const (
	Octets Framing = iota // the length in front
	Lines                 // a line end behind
)

// Protocol is the shape of a message's header.
type Protocol uint8

// The protocols. RFC5424 is the zero value; a local socket takes Local unless told.
const (
	RFC5424 Protocol = iota
	RFC3164
	Local // as RFC 3164 without a host, which is what programs write to /dev/log
)

// Config is where and how to send. Zero values are the documented defaults.
type Config struct {
	Transport  Transport
	Address    string // HOST:PORT, or the path of a socket
	Framing    Framing
	Protocol   Protocol
	Format     format.Format
	CEE        bool // "@cee: " in front of JSON, EVE and OCSF
	Facility   Facility
	Severities Severities
	App        string        // APP-NAME or tag; "cleartap"
	Host       string        // empty: observer.name of the record, else this host's name
	SDID       string        // of structured data; native.DefaultSDID
	MaxSize    int           // bytes of a message; 0: DefaultSize
	Health     bool          // health records too; with format JSON
	Rate       int           // datagrams a second over UDP; 5000
	Timeout    time.Duration // of connecting, writing, and waiting for the other kernel; 10 s
	TLS        transport.TLS
}

// MinSize is the least Config.MaxSize: what every alert fits into.
const MinSize = 1024

// MaxMessage is the most Config.MaxSize: what a datagram can hold.
const MaxMessage = 65000

// DefaultSize is how long messages may be when nothing is said: over UDP what one
// Ethernet frame holds, of RFC 3164 its own limit (section 4.1), else what
// receivers take without being told.
func DefaultSize(t Transport, p Protocol) int {
	switch {
	case p == RFC3164:
		return 1024
	case t == UDP:
		return 1400
	}
	return 8192
}

func (c Config) withDefaults() Config {
	if c.App == "" {
		c.App = "cleartap"
	}
	if c.SDID == "" {
		c.SDID = native.DefaultSDID
	}
	if c.MaxSize == 0 {
		c.MaxSize = DefaultSize(c.Transport, c.Protocol)
	}
	if c.Rate == 0 {
		c.Rate = 5000
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return c
}

// Validate tells all that is wrong, with the name of the setting in front.
func (c *Config) Validate() []error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Transport == Unix {
		if !strings.HasPrefix(c.Address, "/") {
			fault("url: %q: want the path of a socket, such as unix:/dev/log", c.Address)
		}
	} else if host, port, err := net.SplitHostPort(c.Address); err != nil || host == "" || !isPort(port) {
		fault("url: %q: want %s://HOST:PORT, an IPv6 address in brackets", c.Address, c.Transport)
	}
	if c.MaxSize != 0 && (c.MaxSize < MinSize || c.MaxSize > MaxMessage) {
		fault("max_size: %d: want a number of bytes from %d to %d", c.MaxSize, MinSize, MaxMessage)
	}
	if c.Framing == Lines && c.Transport != TCP && c.Transport != TLS {
		fault("framing: lf is for tcp and tls: the others have no frames")
	}
	if c.Protocol == Local && c.Transport != Unix {
		fault("protocol: local is for unix: want rfc5424 or rfc3164")
	}
	json := c.Format == format.JSON || c.Format == format.EVE
	switch {
	case c.Format == format.OCSF:
		fault("format: ocsf is for files and Kafka: want native, json, eve, cef, leef1 or leef2")
	case c.CEE && !json:
		fault("cee: it marks JSON: want format json or eve, not %s", c.Format)
	case c.Health && c.Format != format.JSON:
		fault("health: health records are JSON: want format json, not %s", c.Format)
	}
	if c.Rate < 0 || c.Rate > 1_000_000 {
		fault("rate: %d: want 1 to 1000000 messages a second", c.Rate)
	}
	if !isWord(c.App, 48) && c.App != "" {
		fault("app: %q: want 1 to 48 printable ASCII characters without blanks", c.App)
	}
	if !isWord(c.Host, 255) && c.Host != "" {
		fault("host: %q: want 1 to 255 printable ASCII characters without blanks", c.Host)
	}
	if !isSDID(c.SDID) && c.SDID != "" {
		fault("sd_id: %q: want NAME@NUMBER, at most 32 characters (RFC 5424 section 7.2.2)", c.SDID)
	}
	if c.Transport != TLS && !c.TLS.Zero() {
		fault("tls: the address is of %s: want tls://HOST:PORT", c.Transport)
	}
	return append(errs, c.TLS.Validate()...)
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// isWord reports whether s is PRINTUSASCII of RFC 5424 section 6, up to n bytes.
func isWord(s string, n int) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= n
}

func isSDID(s string) bool {
	name, number, ok := strings.Cut(s, "@")
	_, err := strconv.ParseUint(strings.ReplaceAll(number, ".", ""), 10, 64)
	return ok && err == nil && name != "" && isWord(s, 32) && !strings.ContainsAny(s, `="]`)
}

// hostName is the name of this host, "-" if it is not known (RFC 5424 section 6.2.4).
func hostName() string {
	name, err := os.Hostname()
	if name = hostWord(name); err != nil || name == "" {
		return "-"
	}
	return name
}
