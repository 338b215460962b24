package capture

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	// chainLength is how many record headers in a row prove that records go on.
	chainLength = 4
	// month is how far from the last good record's time one after damage may lie.
	month = 30 * day
	// maxLength bounds the length on the wire of a record that is looked for.
	maxLength = 1 << 20
)

// judge looks closer at a record header that is unusual: too long, empty, with
// an odd fraction, or far from the last in time. All of that but too long may
// be right, so what follows the record decides. It answers ok to take the record
// as it is, again to look anew at the window, neither when the file is over.
func (p *pcap) judge(r *record) (again, ok bool) {
	if p.embedded() {
		return true, false
	}
	if p.swapped && r.length < r.captured {
		r.length, r.captured = r.captured, r.length
	}
	switch {
	case r.captured > maxCaptured:
		return p.resync(fmt.Sprintf("record %d claims %d bytes", p.number+1, r.captured)), false
	case *r == record{}:
		return p.resync(fmt.Sprintf("record %d is all zeros", p.number+1)), false
	case p.number > 0 && !p.follows(p.head+int(r.captured)):
		return p.resync(fmt.Sprintf("record %d is followed by nonsense", p.number+1)), false
	}
	if r.frac >= p.fraction { // nanoseconds under the magic of microseconds, say
		p.fraction = math.MaxUint32
	}
	return false, true
}

// follows reports whether headers that could be right stand at the distance at
// from r, and on from there as far as it may be looked.
func (p *pcap) follows(at int) bool {
	for n := 1; n < chainLength; n++ {
		if n > 1 && at+p.head > lookahead || !p.fill(at+p.head) {
			return true
		}
		r := p.record(p.buf[p.r+at:])
		if r.captured > maxCaptured || r == (record{}) {
			return false
		}
		at += p.head + int(r.captured)
	}
	return true
}

// embedded takes in a second file header: someone appended one pcap to another, perhaps
// of another byte order or resolution.
func (p *pcap) embedded() bool {
	if sniff(p.buf[p.r:][:4]) != formatPcap || !p.fill(pcapHeader) {
		return false
	}
	h := p.buf[p.r:]
	major, minor := pcapVersion(h)
	if major != 2 || minor != 4 || binary.LittleEndian.Uint32(h[8:]) != 0 {
		return false
	}
	p.header(h)
	p.r += pcapHeader
	p.keep = p.r
	return true
}

// resync looks for the next run of records, from the last good record's second
// byte on, since that record's length may be what is wrong. It tells the problem
// and reports whether reading can go on.
func (p *pcap) resync(reason string) bool {
	at := p.offset()
	cure := cureJoined(p.buf[p.r:p.w], formatPcapng)
	if !p.search() {
		if !p.failed(p.teller) {
			p.problem(Corrupt, at, reason+"; no record was found after it", cure)
		}
		return false
	}
	p.problem(Corrupt, at, fmt.Sprintf("%s; reading went on at offset %d", reason, p.offset()), cure)
	return true
}

// search moves r to the next run of plausible records, if there is one.
func (p *pcap) search() bool {
	p.r = p.keep
	for p.skip(1) {
		whole := !p.fill(lookahead) // all that is left is here
		b := p.buf[p.r:p.w]
		n := len(b) - recordHeader + 1
		if !whole {
			p.widen(readSize)
			b = p.buf[p.r:p.w]
			n = len(b) - lookahead + 1
		}
		for i := range n {
			if p.near(b[i:]) && p.chain(b[i:min(len(b), i+lookahead)], whole && len(b)-i <= lookahead) {
				p.r += i
				p.keep = p.r
				return true
			}
		}
		if whole {
			p.skip(int64(len(b)))
			return false
		}
		p.skip(int64(n - 1))
	}
	return false
}

// near is the cheap test of a position: is this a time close to the last?
func (p *pcap) near(b []byte) bool {
	return p.number == 0 || p.u32(b)-p.sec+month <= 2*month
}

// chain reports whether b begins with a run of plausible records; end tells
// that nothing follows b.
func (p *pcap) chain(b []byte, end bool) bool {
	for n, at := 0, 0; n < chainLength; n++ {
		if at+p.head > len(b) {
			return n > 1 || end && n > 0 && at == len(b)
		}
		r := p.record(b[at:])
		if r.captured-1 >= maxCaptured || r.length < r.captured || r.length > maxLength || r.frac >= p.fraction {
			return false
		}
		if n > 0 && r.sec-p.u32(b)+day > 2*day {
			return false
		}
		at += p.head + int(r.captured)
	}
	return true
}

// cut handles a record of want bytes (0: its header) that the end of the file
// cuts short. It reports true when the record was no record, and reading can go on.
func (p *pcap) cut(want int) bool {
	have := p.w - p.r
	if p.failed(p.teller) || have == 0 {
		return false
	}
	at := p.offset()
	if p.search() {
		p.problem(Corrupt, at, fmt.Sprintf("record %d reaches beyond the end; reading went on at offset %d",
			p.number+1, p.offset()), "")
		return true
	}
	where := fmt.Sprintf("inside the header of record %d", p.number+1)
	if want > 0 {
		where = fmt.Sprintf("inside record %d: %d of its %d bytes are there", p.number+1, have-p.head, want-p.head)
	}
	p.problem(Truncated, at, endsInside(where), "")
	return false
}
