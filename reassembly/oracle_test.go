package reassembly

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	oracle "github.com/google/gopacket/reassembly"

	"cleartap/capture"
)

// gopacket's assembler is right where nothing wraps, nothing is lost, no FIN comes
// early, and all
// copies are equal: there it is asked for a second opinion.

type oracleStream struct{ text *[2][]byte }

func (oracleStream) Accept(*layers.TCP, gopacket.CaptureInfo, oracle.TCPFlowDirection, oracle.Sequence, *bool, oracle.AssemblerContext) bool {
	return true
}

func (s oracleStream) ReassembledSG(sg oracle.ScatterGather, _ oracle.AssemblerContext) {
	dir, _, _, skip := sg.Info()
	n, _ := sg.Lengths()
	if skip > 0 {
		panic("the oracle lost bytes")
	}
	d := 0
	if dir == oracle.TCPDirServerToClient {
		d = 1
	}
	s.text[d] = append(s.text[d], sg.Fetch(n)...)
}

func (oracleStream) ReassemblyComplete(oracle.AssemblerContext) bool { return true }

type oracleFactory struct{ text *[2][]byte }

func (f oracleFactory) New(_, _ gopacket.Flow, _ *layers.TCP, _ oracle.AssemblerContext) oracle.Stream {
	return oracleStream(f)
}

type oracleContext gopacket.CaptureInfo

func (c *oracleContext) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(*c) }

func askOracle(segments []capture.Segment) (text [2][]byte) {
	a := oracle.NewAssembler(oracle.NewStreamPool(oracleFactory{&text}))
	for i := range segments {
		s := &segments[i]
		tcp := &layers.TCP{
			SrcPort: layers.TCPPort(s.Src.Port), DstPort: layers.TCPPort(s.Dst.Port), Seq: s.Seq, Ack: s.Ack,
			SYN: s.Flags.Has(syn), ACK: s.Flags.Has(ack), FIN: s.Flags.Has(capture.FIN),
		}
		tcp.Payload = append([]byte(nil), s.Payload...)
		tcp.SetInternalPortsForTesting()
		flow, _ := gopacket.FlowFromEndpoints(layers.NewIPEndpoint(s.Src.IP[12:]), layers.NewIPEndpoint(s.Dst.IP[12:]))
		ctx := oracleContext{Timestamp: s.Time.Time()}
		a.AssembleWithContext(flow, tcp, &ctx)
	}
	a.FlushAll()
	return text
}

func TestAgainstGopacket(t *testing.T) {
	for seed := range uint64(400) {
		k := newTalk(seed)
		k.isn = [2]uint32{1 << 20, 1 << 21}
		k.mangle(k.r.IntN(6), 0, 0.3, 0)
		w := newWire(t, func(c *Config) { c.MaxWait, c.ReorderWait = 15*time.Second, 15*time.Second })
		w.record = true
		for _, p := range k.taken {
			k.segment(w, p)
		}
		for _, s := range w.segments {
			w.push(s)
		}
		w.a.Flush()
		want := askOracle(w.segments)
		for d := range want {
			if len(w.data) != 1 || !bytes.Equal(w.data[0][d], want[d]) {
				t.Fatalf("seed %d, direction %v: %d flows\ngot  %s\nwant %s", seed, Dir(d), len(w.data), w.data, want[d])
			}
		}
	}
}
