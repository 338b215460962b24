package dialogtest

import (
	"bytes"
	"compress/flate"
	"fmt"
	"net/netip"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/reassembly"
)

// probeBytes is how much of either side is shown to Classify, and heldBytes how
// much is held until it must decide.
const (
	probeBytes = 128
	heldBytes  = 4096
)

// seen is an observation and the lines of the dialogue that it is about.
type seen struct {
	detectors.Observation
	secretLine, decidedLine int
}

// chunk is a piece of one direction, or a hole in it.
type chunk struct {
	dir   reassembly.Dir
	mark  capture.Mark
	bytes []byte
	hole  bool
	n     int // bytes that it lacks
}

// replay plays reassembly's part: it asks Classify, holds back what came before
// the answer, and feeds the stream.
type replay struct {
	engine  *detectors.Engine
	flow    reassembly.Flow
	stream  reassembly.Stream
	decided bool
	swap    bool
	probe   reassembly.Probe
	held    []chunk
	bytes   int // of held
	seq     [2]uint32
	now     capture.Nanos
	frame   uint64
	lines   []int // by frame, from 1 on
	out     []seen
	deflate [2]*flate.Writer
	packed  [2]*bytes.Buffer
	final   bool
	opened  bool
}

// start is the time of every dialogue's first byte.
const start = capture.Nanos(1_700_000_000_000_000_000)

// rig is an engine that replays use one after the other: to make one costs more than to
// replay a short dialogue.
type rig struct {
	engine    *detectors.Engine
	protocols []*detectors.Protocol
	replay    *replay // that gets the observations
}

func newRig(protocols []*detectors.Protocol) *rig {
	g := &rig{protocols: protocols}
	g.engine = detectors.NewEngine(detectors.Config{Protocols: protocols, Report: func(o *detectors.Observation) {
		r := g.replay
		r.out = append(r.out, seen{*o, r.line(o.Mark.Frame), r.line(o.Decided.Frame)})
	}})
	return g
}

func newReplay(d *Dialogue, g *rig) *replay {
	r := &replay{engine: g.engine, now: start, seq: [2]uint32{0xfffffff0, 1000}}
	g.replay = r
	port := d.port
	if port == 0 {
		port = g.protocols[0].Ports[0]
	}
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, 7}), 40001)
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 25}), port)
	r.flow = reassembly.Flow{Client: client, Server: server, Start: start}
	r.probe = reassembly.Probe{ServerPort: port, ClientPort: 40001, Sure: !d.swapped && !d.mid}
	r.flow.Midstream = d.swapped || d.mid
	if d.swapped {
		r.swap = true
		r.turn()
	}
	return r
}

// turn takes the sides the other way round.
func (r *replay) turn() {
	r.flow.Client, r.flow.Server = r.flow.Server, r.flow.Client
	r.probe.ClientPort, r.probe.ServerPort = r.probe.ServerPort, r.probe.ClientPort
	r.probe.ToServer, r.probe.ToClient = r.probe.ToClient, r.probe.ToServer
	for i := range r.held {
		r.held[i].dir = r.held[i].dir.Other()
	}
}

// mark is the place of the next byte of a direction.
func (r *replay) mark(d reassembly.Dir, line int) capture.Mark {
	r.frame++
	r.now += 1_000_000
	r.lines = append(r.lines, line)
	return capture.Mark{Time: r.now, Frame: r.frame, Seq: r.seq[d], Ack: r.seq[d.Other()]}
}

// line is the line of the dialogue that a frame holds, 0 if there is none.
func (r *replay) line(frame uint64) int {
	if frame == 0 || frame > uint64(len(r.lines)) {
		return 0
	}
	return r.lines[frame-1]
}

// push sends p in one segment.
func (r *replay) push(d reassembly.Dir, line int, p []byte) {
	m := r.mark(d, line)
	r.seq[d] += uint32(len(p))
	if r.swap {
		d = d.Other()
	}
	switch {
	case r.stream != nil:
		r.feed(d, m, p)
	case !r.decided:
		r.held = append(r.held, chunk{dir: d, mark: m, bytes: p})
		side := &r.probe.ToServer
		if d == reassembly.ToClient {
			side = &r.probe.ToClient
		}
		r.bytes += len(p)
		*side = append(*side, p[:min(len(p), probeBytes-len(*side))]...)
		r.classify()
	}
}

// feed hands over a copy that is spoilt afterwards: nobody may keep it.
func (r *replay) feed(d reassembly.Dir, m capture.Mark, p []byte) {
	p = bytes.Clone(p)
	if r.stream != nil && !r.stream.Data(d, m, p) {
		r.stream = nil
	}
	for i := range p {
		p[i] = '!'
	}
	r.checkBounds()
}

// Bounds of what one flow may make the engine hold, whatever its bytes: a line of 64 KiB for
// each side, in the next larger buffer; the attempts that may wait; an inflater a side.
const (
	mostBuffered = 2 * 128 << 10
	mostWaiting  = 32
	mostInflated = 2
)

// checkBounds fails the test when a flow holds more than it may.
func (r *replay) checkBounds() {
	if h := r.engine.Held(); h.Buffered > mostBuffered || h.Waiting > mostWaiting || h.Inflaters > mostInflated {
		panic(fmt.Sprintf("one flow makes the engine hold %+v", h))
	}
}

// classify asks whether the flow matters.
func (r *replay) classify() {
	if r.decided {
		return
	}
	full := len(r.probe.ToServer) == probeBytes && len(r.probe.ToClient) == probeBytes
	r.probe.Final = r.final || full || r.bytes > heldBytes
	switch r.engine.Classify(&r.probe) {
	case reassembly.Wait:
		if !r.probe.Final {
			return
		}
		r.decided = true
		return
	case reassembly.Drop:
		r.decided = true
		return
	case reassembly.Swap:
		r.swap = !r.swap
		r.turn()
	}
	r.decided = true
	r.stream = r.engine.Open(&r.flow, &r.probe)
	r.opened = r.stream != nil
	for i := range r.held {
		c := &r.held[i]
		if c.hole {
			r.hole(c.dir, c.mark, c.n)
			continue
		}
		r.feed(c.dir, c.mark, c.bytes)
	}
	r.held = nil
}

// hole says that n bytes are missing.
func (r *replay) hole(d reassembly.Dir, m capture.Mark, n int) {
	if r.stream != nil && !r.stream.Gap(d, m, n) {
		r.stream = nil
	}
}

// do plays a step that is no data.
func (r *replay) do(s *Step) {
	d := s.dir
	if r.swap {
		d = d.Other()
	}
	switch s.kind {
	case gap:
		m := r.mark(s.dir, s.line)
		r.seq[s.dir] += uint32(s.n)
		if !r.decided {
			r.held = append(r.held, chunk{dir: d, mark: m, hole: true, n: s.n})
			break
		}
		r.hole(d, m, s.n)
	case conflict:
		m := r.mark(s.dir, s.line)
		m.Seq--
		if r.stream != nil {
			r.stream.Conflict(d, m)
		}
	case closing:
		r.close()
	case wait:
		r.now += capture.Nanos(s.n) * 1e9
		r.engine.Tick(r.now)
	case deflate:
		for i := range r.deflate {
			r.packed[i] = new(bytes.Buffer)
			r.deflate[i], _ = flate.NewWriter(r.packed[i], flate.BestCompression)
		}
	case inflated:
		r.deflate = [2]*flate.Writer{}
	}
}

// pack compresses p if the dialogue is compressed.
func (r *replay) pack(d reassembly.Dir, p []byte) []byte {
	w := r.deflate[d]
	if w == nil {
		return p
	}
	r.packed[d].Reset()
	_, _ = w.Write(p) // into memory
	_ = w.Flush()
	return bytes.Clone(r.packed[d].Bytes())
}

// close ends the flow.
func (r *replay) close() {
	r.final = true
	r.classify()
	if r.stream != nil {
		r.stream.Close()
	}
	r.stream, r.decided = nil, true
}
