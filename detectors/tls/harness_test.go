package tls_test

import (
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/imap"
	ours "cleartap/detectors/tls"
	"cleartap/reassembly"
)

// piece is what one side sent at a time.
type piece struct {
	dir reassembly.Dir
	p   []byte
}

// now is the time of the packets.
const now = capture.Nanos(1_700_000_000e9)

// flow is a flow that an engine follows.
type flow struct {
	stream reassembly.Stream
	engine *detectors.Engine
	seq    [2]uint32
	got    []detectors.Observation
}

// follow opens a flow whose first bytes are those of the first pieces.
func follow(t testing.TB, pieces []piece) *flow {
	t.Helper()
	f := &flow{}
	f.engine = detectors.NewEngine(detectors.Config{Protocols: []*detectors.Protocol{&imap.Protocol, &ours.Protocol}, Report: func(o *detectors.Observation) {
		f.got = append(f.got, *o)
	}})
	p := &reassembly.Probe{ServerPort: 993, ClientPort: 40000, Sure: true, Final: true}
	for _, c := range pieces {
		side := &p.ToServer
		if c.dir == reassembly.ToClient {
			side = &p.ToClient
		}
		*side = append(*side, c.p[:min(len(c.p), max(0, 128-len(*side)))]...)
	}
	id := reassembly.Flow{Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.MustParseAddrPort("10.0.0.2:993")}
	if v := f.engine.Classify(p); v == reassembly.Open {
		f.stream = f.engine.Open(&id, p)
	}
	return f
}

// feed gives bytes in pieces of at most n, 0: whole.
func (f *flow) feed(d reassembly.Dir, p []byte, n int) {
	for len(p) > 0 && f.stream != nil {
		k := len(p)
		if n > 0 {
			k = min(n, k)
		}
		c := append([]byte(nil), p[:k]...)
		if !f.stream.Data(d, capture.Mark{Time: now, Seq: f.seq[d]}, c) {
			f.stream = nil
		}
		clear(c)
		f.seq[d] += uint32(k)
		p = p[k:]
	}
}

// close ends the flow, and gives what the handshake showed.
func (f *flow) close(t testing.TB) *detectors.TLS {
	t.Helper()
	if f.stream != nil {
		f.stream.Close()
	}
	if h := f.engine.Held(); h != (detectors.Held{}) {
		t.Errorf("held in the end: %+v", h)
	}
	for _, p := range f.engine.Stats().Protocols {
		if p.Panics != 0 {
			t.Error("a session failed")
		}
	}
	var out *detectors.TLS
	for i := range f.got {
		if o := &f.got[i]; o.Kind == detectors.Handshake {
			if out != nil {
				t.Error("two handshakes")
			}
			out = o.TLS
		}
	}
	return out
}

// facts gives what pieces show, and checks that cutting them makes no difference.
func facts(t testing.TB, pieces []piece) *detectors.TLS {
	t.Helper()
	read := func(cut func() int) *detectors.TLS {
		f := follow(t, pieces)
		for _, c := range pieces {
			p := c.p
			for len(p) > 0 {
				n := min(len(p), cut())
				f.feed(c.dir, p[:n], 0)
				p = p[n:]
			}
		}
		return f.close(t)
	}
	whole := read(func() int { return 1 << 20 })
	r := rand.New(rand.NewPCG(1, uint64(len(pieces))))
	for name, cut := range map[string]func() int{"bytes": func() int { return 1 }, "fives": func() int { return 5 }, "random": func() int { return 1 + r.IntN(700) }} {
		if got := read(cut); !reflect.DeepEqual(got, whole) {
			t.Errorf("cut in %s: %+v\nwhole: %+v", name, got, whole)
		}
	}
	return whole
}

// wire records what two ends say to each other.
type wire struct {
	mu     sync.Mutex
	pieces []piece
}

type end struct {
	net.Conn
	w   *wire
	dir reassembly.Dir
}

func (e *end) Write(p []byte) (int, error) {
	e.w.mu.Lock()
	e.w.pieces = append(e.w.pieces, piece{e.dir, append([]byte(nil), p...)})
	e.w.mu.Unlock()
	return e.Conn.Write(p)
}

// shake has a client and a server of the standard library shake hands, and gives what
// was on the wire. Errors of either are part of it.
func shake(t *testing.T, client, server *tls.Config) ([]piece, tls.ConnectionState) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	then := func() time.Time { return time.Unix(0, int64(now)) }
	client.Time, server.Time = then, then
	w := &wire{}
	var wg sync.WaitGroup
	wg.Go(func() {
		b, err := l.Accept()
		if err != nil {
			return
		}
		defer b.Close()
		_ = b.SetDeadline(time.Now().Add(10 * time.Second))
		s := tls.Server(&end{b, w, reassembly.ToClient}, server)
		if s.Handshake() == nil {
			_, _ = io.Copy(s, s)
		}
	})
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = a.SetDeadline(time.Now().Add(10 * time.Second))
	c := tls.Client(&end{a, w, reassembly.ToServer}, client)
	if c.Handshake() == nil {
		_, _ = c.Write([]byte("a001 NOOP\r\n"))
		_, _ = io.ReadFull(c, make([]byte, 11))
	}
	state := c.ConnectionState()
	_ = a.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, a)
	a.Close()
	wg.Wait()
	return w.pieces, state
}

func f2mark() capture.Mark { return capture.Mark{Time: now} }
