package pop3_test

import (
	"net/netip"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/pop3"
	"cleartap/reassembly"
)

// flow feeds dialogues to an engine.
type flow struct {
	engine *detectors.Engine
	stream reassembly.Stream
	mark   capture.Mark
	probe  reassembly.Probe
	id     reassembly.Flow
	logins int
}

var (
	greeting = []byte("+OK POP3 ready\r\n")
	ok       = []byte("+OK\r\n")
	noop     = []byte("NOOP\r\n")
	user     = []byte("USER alice@example.org\r\n")
	pass     = []byte("PASS not-a-real-one\r\n")
)

func newFlow() *flow {
	f := new(flow)
	f.engine = detectors.NewEngine(detectors.Config{
		Protocols: []*detectors.Protocol{&pop3.Protocol},
		Report: func(o *detectors.Observation) {
			if o.Kind == detectors.Login {
				f.logins++
			}
		},
	})
	f.probe = reassembly.Probe{ToClient: greeting, ServerPort: 110, ClientPort: 40000, Sure: true}
	f.id = reassembly.Flow{Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.MustParseAddrPort("10.0.0.2:110")}
	return f
}

func (f *flow) open() {
	if f.engine.Classify(&f.probe) == reassembly.Open {
		f.stream = f.engine.Open(&f.id, &f.probe)
		f.send(reassembly.ToClient, greeting)
	}
}

func (f *flow) send(d reassembly.Dir, p []byte) {
	f.mark.Time++
	f.stream.Data(d, f.mark, p)
	f.mark.Seq += uint32(len(p))
}

// login is a whole short dialogue.
func (f *flow) login() {
	f.open()
	f.send(reassembly.ToServer, user)
	f.send(reassembly.ToClient, ok)
	f.send(reassembly.ToServer, pass)
	f.send(reassembly.ToClient, ok)
}

func TestAllocations(t *testing.T) {
	f := newFlow()
	f.login()
	f.open()
	if n := testing.AllocsPerRun(100, func() {
		f.send(reassembly.ToServer, noop)
		f.send(reassembly.ToClient, ok)
	}); n != 0 {
		t.Errorf("a command and its reply allocate %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		f.send(reassembly.ToServer, noop[:3])
		f.send(reassembly.ToServer, noop[3:])
		f.send(reassembly.ToClient, ok[:1])
		f.send(reassembly.ToClient, ok[1:])
	}); n != 0 {
		t.Errorf("a command and its reply, both cut, allocate %v times", n)
	}
	f.stream.Close()
	if n := testing.AllocsPerRun(100, f.login); n > 1 { // the name
		t.Errorf("a login allocates %v times", n)
	}
	if f.logins != 102 {
		t.Errorf("%d logins", f.logins)
	}
}

func BenchmarkCommandAndReply(b *testing.B) {
	f := newFlow()
	f.open()
	b.ReportAllocs()
	for b.Loop() {
		f.send(reassembly.ToServer, noop)
		f.send(reassembly.ToClient, ok)
	}
}

func BenchmarkLogin(b *testing.B) {
	f := newFlow()
	b.ReportAllocs()
	for b.Loop() {
		f.login()
	}
}
