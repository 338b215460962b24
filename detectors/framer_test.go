package detectors

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/internal/fuzzing"
	"cleartap/reassembly"
)

// recorder is a session that writes down what it is given, and does what a test says.
type recorder struct {
	c     *Conversation
	log   []string
	unit  func(r *recorder, d reassembly.Dir, unit string)
	gap   func(r *recorder, d reassembly.Dir)
	end   func(r *recorder)
	whole string // what Resume takes for a whole line
}

func (r *recorder) Start(c *Conversation) { r.c = c }

func (r *recorder) Unit(d reassembly.Dir, unit []byte) {
	entry := fmt.Sprintf("%c:%s", "CS"[d], unit)
	if r.c.Truncated() {
		entry += "~"
	}
	r.log = append(r.log, entry)
	if r.unit != nil {
		r.unit(r, d, string(unit))
	}
}

func (r *recorder) Gap(d reassembly.Dir) {
	r.log = append(r.log, fmt.Sprintf("%c gap", "CS"[d]))
	if r.gap != nil {
		r.gap(r, d)
	}
}

func (r *recorder) Close() {
	r.log = append(r.log, "closed")
	if r.end != nil {
		r.end(r)
	}
}

// resuming is a recorder that is asked about lines after a hole.
type resuming struct{ recorder }

func (r *resuming) Resume(_ reassembly.Dir, line []byte) bool { return string(line) == r.whole }

// bench is an engine with one protocol whose session is a recorder.
type bench struct {
	*Engine
	stream reassembly.Stream
	now    capture.Nanos
	seq    [2]uint32
	got    []Observation // logins and conflicts
	facts  []Observation // the rest
	more   bool
}

const c, s = reassembly.ToServer, reassembly.ToClient

func newBench(cfg Config, sessions ...Session) *bench {
	b := &bench{more: true, seq: [2]uint32{4294967290, 1}}
	next := 0
	cfg.Protocols = []*Protocol{{Name: "test", Ports: []uint16{110},
		Claim: func(client, server []byte) Claim { return Yes },
		New: func() Session {
			next++
			return sessions[next-1]
		}}}
	cfg.Report = func(o *Observation) {
		if o.Kind <= Conflict {
			b.got = append(b.got, *o)
		} else {
			b.facts = append(b.facts, *o)
		}
	}
	b.Engine = NewEngine(cfg)
	b.open()
	return b
}

func (b *bench) open() {
	f := reassembly.Flow{Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.MustParseAddrPort("10.0.0.2:110")}
	b.stream = b.Open(&f, &reassembly.Probe{ToClient: []byte("x"), ServerPort: 110, ClientPort: 40000, Sure: true})
	b.more = true
}

// send delivers text in pieces of n bytes; 0 means whole.
func (b *bench) send(d reassembly.Dir, text string, n int) {
	if n == 0 {
		n = len(text) + 1
	}
	for len(text) > 0 && b.more {
		piece := text[:min(n, len(text))]
		text = text[len(piece):]
		b.now += 1e6
		b.more = b.stream.Data(d, capture.Mark{Time: b.now, Frame: uint64(b.now / 1e6), Seq: b.seq[d]}, []byte(piece))
		b.seq[d] += uint32(len(piece))
	}
}

func (b *bench) gap(d reassembly.Dir, n int) {
	if b.more {
		b.more = b.stream.Gap(d, capture.Mark{Time: b.now, Seq: b.seq[d]}, n)
		b.seq[d] += uint32(n)
	}
}

func (b *bench) close() {
	if b.more {
		b.stream.Close()
		b.more = false
	}
}

// pieces are the sizes of segments that the tests use.
var pieces = []int{0, 1, 2, 3, 5, 11}

func expect(t *testing.T, n int, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("pieces of %d:\n got %.400q\nwant %.400q", n, got, want)
	}
}

func TestLines(t *testing.T) {
	for _, n := range pieces {
		r := &recorder{}
		b := newBench(Config{}, r)
		b.send(c, "a\r\n\r\n\n b \r\r\nc\rd\n\x00e\x00\r\nrest", n)
		b.send(s, "+OK\n", n)
		b.close()
		expect(t, n, r.log, "C:a", "C:", "C:", "C: b \r", "C:c\rd", "C:\x00e\x00", "S:+OK", "closed")
		if h := b.Held(); h != (Held{}) {
			t.Errorf("held in the end: %+v", h)
		}
	}
}

func TestCaps(t *testing.T) {
	long := strings.Repeat("x", 64)
	for _, n := range []int{0, 1, 7, 64, 65, 66, 67} {
		r := &recorder{}
		r.unit = func(r *recorder, d reassembly.Dir, unit string) {
			switch unit {
			case "long":
				r.c.Long(d, true)
			case "short":
				r.c.Long(d, false)
			case "literal":
				r.c.Literal(d, 130)
			case "exact":
				r.c.Literal(d, 64)
			}
		}
		b := newBench(Config{Line: 64, LongLine: 128}, r)
		b.send(c, long+"\r\n"+long+"\n"+long+"y\r\n"+long+"yz\n"+long+"\r\r\n", n)
		b.send(c, "long\n"+long+long+"\r\n"+long+long+"y\r\nshort\n"+long+"y\n", n)
		b.send(c, "literal\r\n"+long+long+"yz after\nexact\r\n"+long+"\r\n", n)
		expect(t, n, r.log, "C:"+long, "C:"+long, "C:"+long+"~", "C:"+long+"~", "C:"+long+"~",
			"C:long", "C:"+long+long, "C:"+long+long+"~", "C:short", "C:"+long+"~",
			"C:literal", "C:"+long+"~", "C: after", "C:exact", "C:"+long, "C:")
	}
}

func TestLiteralSkipBody(t *testing.T) {
	for _, n := range pieces {
		r := &recorder{}
		r.unit = func(r *recorder, d reassembly.Dir, unit string) {
			switch {
			case strings.HasSuffix(unit, "{5}"):
				r.c.Literal(c, 5)
			case strings.HasSuffix(unit, "{0}"):
				r.c.Literal(d, 0)
			case strings.HasPrefix(unit, "skip"):
				r.c.Skip(d, uint64(len(unit)))
			case unit == "body":
				r.c.Body(d)
			case unit == "data":
				r.c.Body(c)
			case unit == "enough":
				r.c.Lines(c)
			}
		}
		b := newBench(Config{}, r)
		b.send(c, "a {5}\r\nx\r\nyz {0}\r\n b\r\n", n)
		b.send(c, "skip12\r\n\r\n34\r\nskip\n1234", n)
		b.send(c, "body\r\n.\r\nbody\r\n\n.\n\r\n..\r\n.x\r\n.\r\r\nEND\r\n.\r\nafter\r\n", n)
		b.send(s, "data\r\n", n)
		b.send(c, "QUIT\r\n\n.\n", n)
		b.send(s, "enough\r\n", n)
		b.send(c, "again\r\n", n)
		b.send(c, "lit", n)
		b.send(s, "+ {5}\r\n", n)
		b.send(c, "eral\r\n", n)
		expect(t, n, r.log, "C:a {5}", "C:x\r\nyz", "C: {0}", "C:", "C: b", "C:skip12", "C:skip", "C:body", "C:.",
			"C:body", "C:.", "C:after", "S:data", "S:enough", "C:again", "S:+ {5}", "C:liter", "C:al")
	}
}

// Claimed lengths cost nothing.
func TestHugeLiteral(t *testing.T) {
	r := &recorder{}
	r.unit = func(r *recorder, d reassembly.Dir, unit string) { r.c.Literal(d, 1<<63-1) }
	b := newBench(Config{}, r)
	b.send(c, "a {9223372036854775807}\r\n", 0)
	for range 100 {
		b.send(c, strings.Repeat("x", 1400), 0)
	}
	if h := b.Held(); h.Buffered > 17<<10 {
		t.Errorf("%d bytes are held", h.Buffered)
	}
	b.close()
	expect(t, 0, r.log, "C:a {9223372036854775807}", "closed")
}

func TestTLSEndsIt(t *testing.T) {
	hello := "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"
	ssl2 := "\x80\x1c\x01\x03\x00\x00\x03\x00\x00\x00\x10" + strings.Repeat("\n", 19)
	for name, test := range map[string]struct {
		upgrade, layer bool
		d              reassembly.Dir
		text           string
		ends           bool
		answer         string // of the server, to a hello that nobody agreed to
	}{
		"client hello":                   {d: c, text: hello, answer: "\x16\x03\x03", ends: true},
		"client hello, an alert":         {d: c, text: hello, answer: "\x15", ends: true},
		"client hello, text":             {d: c, text: "\x16\x03\x01\x00\x2d\x01\n", answer: "500\n"},
		"server hello":                   {d: s, text: "\x16\x03\x03\x00\x2d\x02", ends: true},
		"server hello from the client":   {d: c, text: "\x16\x03\x03\x00\x2d\x02"},
		"SSLv2 hello":                    {d: c, text: ssl2, answer: "\x80", ends: true},
		"SSLv2 hello of the server":      {d: s, text: ssl2},
		"SSLv2 with a bad length":        {d: c, text: "\x80\x1d" + ssl2[2:]},
		"alert, not agreed":              {d: c, text: "\x15\x03\x01\x00\x02\x02\x28\n"},
		"alert, agreed":                  {d: c, text: "\x15\x03\x01\x00\x02\x02\x28\n", upgrade: true, ends: true},
		"record without bytes, agreed":   {d: c, text: "\x16\x03\x01\x00\x00\n", upgrade: true},
		"record too long, agreed":        {d: c, text: "\x16\x03\x01\xff\xff\n", upgrade: true},
		"text, agreed":                   {d: c, text: "EHLO x\r\n", upgrade: true},
		"line ends in the record header": {d: c, text: "\x16\x03\x01\n\n\x01", answer: "\x16", ends: true},
		"Latin-1":                        {d: c, text: "\xc4rger\r\n"},
		"security layer":                 {d: c, text: "\x00\x00\x00\x20\n", layer: true, ends: true},
		"NUL without a layer":            {d: c, text: "\x00\x00\x00\x20\n"},
		"NULs under a layer":             {d: c, text: "\x00\x00\x00\x00\n", layer: true},
	} {
		for _, n := range pieces {
			r := &recorder{}
			b := newBench(Config{}, r)
			b.send(c, "a\n", 0)
			r.c.upgrade, r.c.layer = test.upgrade, test.layer
			b.send(test.d, test.text, n)
			if test.answer != "" {
				b.send(s, test.answer, 0)
			}
			if b.more == test.ends {
				t.Errorf("%s, pieces of %d: more is %t", name, n, b.more)
			}
			b.close()
			if test.ends && len(r.log) != 1 {
				t.Errorf("%s, pieces of %d: the session got %q", name, n, r.log)
			}
			if !test.ends && strings.Count(test.text+test.answer, "\n") != len(r.log)-2 {
				t.Errorf("%s, pieces of %d: the session got %q", name, n, r.log)
			}
			if h := b.Held(); h != (Held{}) {
				t.Errorf("%s: held in the end: %+v", name, h)
			}
		}
	}
}

func TestGaps(t *testing.T) {
	modes := func(r *recorder, d reassembly.Dir, unit string) {
		switch unit {
		case "literal":
			r.c.Literal(d, 10)
		case "skip":
			r.c.Skip(d, 10)
		case "body":
			r.c.Body(d)
		}
	}
	for name, test := range map[string]struct {
		before string
		lost   int
		after  string
		want   []string
	}{
		"line":              {"a\nUSER x", 5, "rest\nb\n", []string{"C:a", "C gap", "C:b"}},
		"whole line":        {"a\n", 5, "whole\nb\n", []string{"C:a", "C gap", "C:whole", "C:b"}},
		"unknown":           {"literal\n123", 0, "4567890\nb\n", []string{"C:literal", "C gap", "C:b"}},
		"in a literal":      {"literal\n123", 3, "7890b\n", []string{"C:literal", "C:1237890~", "C:b"}},
		"end of a literal":  {"literal\n123", 7, "x\nb\n", []string{"C:literal", "C gap", "C:b"}},
		"beyond a literal":  {"literal\n123", 8, "x\nb\n", []string{"C:literal", "C gap", "C:b"}},
		"in a skip":         {"skip\n123", 3, "7890b\n", []string{"C:skip", "C:b"}},
		"end of a skip":     {"skip\n123", 7, "b\n", []string{"C:skip", "C:b"}},
		"beyond a skip":     {"skip\n123", 8, "b\nd\n", []string{"C:skip", "C gap", "C:d"}},
		"in a body":         {"body\nx\r\n", 8, "\r\n.\r\nb\n", []string{"C:body", "C gap", "C:.", "C:b"}},
		"dot behind a hole": {"body\nx\r\n", 8, ".\r\nUSER\r\n.\r\n", []string{"C:body", "C gap", "C:."}},
	} {
		for _, n := range pieces {
			r := &resuming{recorder{unit: modes, whole: "whole"}}
			b := newBench(Config{}, r)
			b.send(c, test.before, n)
			b.gap(c, test.lost)
			b.send(c, test.after, n)
			if got := fmt.Sprintf("%q", r.log); got != fmt.Sprintf("%q", test.want) {
				t.Errorf("%s, pieces of %d: %s", name, n, got)
			}
			b.close()
			if h := b.Held(); h != (Held{}) {
				t.Errorf("%s: held in the end: %+v", name, h)
			}
		}
	}
}

func TestTerminal(t *testing.T) {
	for _, n := range pieces {
		r := &recorder{}
		b := newBench(Config{}, r)
		b.send(c, "\xff\xfd\x03\xff\xfa\x18\x00xterm\xff\xf0PASX\x08S a\x7fb\xff\xf1\r\n\x08\x08x\n\xffy\xff\xffz\xff\n", n)
		b.send(s, "\xff\xfd\x03x\x08\n", n)
		expect(t, n, r.log, "C:PASS b", "C:x", "C:\xffy\xff\xffz\xff", "S:\xff\xfd\x03x\x08")
		if bytes.ContainsFunc(b.scratch[:cap(b.scratch)], func(r rune) bool { return r != 0 }) {
			t.Error("the scratch space was not cleared")
		}
	}
}

// squeeze compresses, with a flush behind each text, or the end of the stream behind the last.
func squeeze(t *testing.T, finish bool, texts ...string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 9)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if finish && i == len(texts)-1 {
			err = w.Close()
		} else {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestInflateAndPlain(t *testing.T) {
	for _, finish := range []bool{false, true} {
		for _, n := range pieces {
			r := &recorder{}
			r.unit = func(r *recorder, d reassembly.Dir, unit string) {
				switch unit {
				case "a OK compress":
					r.c.Inflate()
				case "b OK plain":
					r.c.Plain()
				case "lit":
					r.c.Literal(d, 4)
				}
			}
			b := newBench(Config{}, r)
			b.send(c, "a COMPRESS\r\n", n)
			packed := squeeze(t, finish, "* hello\r\n", "b OK plain\r\n") + "* plain again\r\n"
			b.send(s, "a OK compress\r\n"+packed[:7], n)
			b.send(c, squeeze(t, false, "lit\r\n1\n34 x\r\n"), n)
			b.send(s, packed[7:], n)
			b.send(c, "plain\r\n", n)
			b.send(s, "x\r\n", n)
			expect(t, n, r.log, "C:a COMPRESS", "S:a OK compress", "C:lit", "C:1\n34", "C: x",
				"S:* hello", "S:b OK plain", "S:* plain again", "C:plain", "S:x")
			if h := b.Held(); h != (Held{}) {
				t.Errorf("held: %+v", h)
			}
		}
	}
}

func TestBomb(t *testing.T) {
	for name, packed := range map[string]string{
		"bomb":       squeeze(t, true, strings.Repeat("\x00", 8<<20)),
		"no deflate": "USER alice\r\nPASS x\r\n",
		"end":        squeeze(t, true, "a\n") + "more",
	} {
		r := &recorder{}
		r.unit = func(r *recorder, d reassembly.Dir, unit string) {
			if unit == "go" {
				r.c.Inflate()
			}
		}
		b := newBench(Config{}, r)
		b.send(c, "go\n"+packed, 1400)
		if b.more {
			t.Errorf("%s: the conversation goes on", name)
		}
		if n := b.Stats().Inflated; n > DefaultInflated+32<<10 {
			t.Errorf("%s: %d bytes were inflated", name, n)
		}
		if h := b.Held(); h != (Held{}) {
			t.Errorf("%s: held in the end: %+v", name, h)
		}
	}
}

// What inflates to very many lines, or brings a table for each few bytes, costs no more
// than other input of its size; what mail servers send is read to its end.
func TestBombOfLines(t *testing.T) {
	var uids, flags, deleted, folders strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&uids, "* %d FETCH (UID %d FLAGS (\\Seen))\r\n", i+1, 2*i+1000)
		fmt.Fprintf(&flags, "* %d FETCH (FLAGS (\\Seen))\r\n", i+1)
		fmt.Fprintf(&deleted, "* %d FETCH (FLAGS (\\Deleted \\Seen))\r\n", i+1)
		fmt.Fprintf(&folders, "* LIST (\\HasNoChildren) \"/\" \"Archive/2020/Project%d\"\r\n", i)
	}
	for _, x := range []struct {
		name, packed string
		goesOn       bool
		units        uint64 // at most
	}{
		{"empty lines", squeeze(t, true, strings.Repeat("\n", 1<<20)), false, 2000},
		{"commands", squeeze(t, true, strings.Repeat("a NOOP\r\n", 1<<17)), false, 2000},
		{"empty blocks with tables", emptyTables(4096), false, 1},
		{"UIDs and flags", squeeze(t, false, uids.String()), true, 4001},
		{"flags", squeeze(t, false, flags.String()), true, 4001},
		{"more flags", squeeze(t, false, deleted.String()), true, 4001},
		{"folders", squeeze(t, false, folders.String()), true, 4001},
		{"a folder that is emptied", squeeze(t, false, strings.Repeat("* 1 EXPUNGE\r\n", 1500)), true, 1501},
		{"zeros in base64", squeeze(t, false, strings.Repeat(strings.Repeat("A", 76)+"\r\n", 800)), true, 801},
	} {
		for _, n := range []int{7, 1400, 1 << 20} {
			r := &recorder{}
			r.unit = func(r *recorder, d reassembly.Dir, unit string) {
				if unit == "go" {
					r.c.Inflate()
				}
			}
			b := newBench(Config{}, r)
			b.send(c, "go\n"+x.packed, n)
			if st := b.Stats(); b.more != x.goesOn || st.Units > x.units || !x.goesOn && st.Bounds != 1 {
				t.Errorf("%s in pieces of %d: goes on: %v; %d units, %d bytes, %d bounds", x.name, n, b.more, st.Units, st.Inflated, st.Bounds)
			}
		}
	}
}

// emptyTables is n blocks of 9 bytes or so, each with tables of its own and nothing else.
func emptyTables(n int) string {
	var out []byte
	nbits := 0
	put := func(v, bits int) {
		for i := range bits {
			if nbits%8 == 0 {
				out = append(out, 0)
			}
			out[nbits/8] |= byte(v>>i&1) << (nbits % 8)
			nbits++
		}
	}
	for range n {
		put(2<<1, 3)
		put(14<<10, 14)
		for _, length := range lengthOrder[:18] {
			put(map[bool]int{true: 1}[length == 18 || length == 1], 3)
		}
		for _, zeros := range []int{138, 118} {
			put(1, 1)
			put(zeros-11, 7)
		}
		put(0, 3) // two lengths of 1, and the end of the block
	}
	return string(out)
}

func TestInflaterBound(t *testing.T) {
	r := &recorder{}
	r.unit = func(r *recorder, d reassembly.Dir, unit string) { r.c.Inflate() }
	b := newBench(Config{Inflaters: 1}, r)
	b.send(c, "go\n", 0)
	if h := b.Held(); b.more || h != (Held{}) || b.Stats().Bounds != 1 {
		t.Errorf("more %t, held %+v", b.more, h)
	}
}

func TestBufferBound(t *testing.T) {
	r, other := &recorder{}, &recorder{}
	b := newBench(Config{Buffered: 5 << 10}, r, other)
	b.send(c, "a\n"+strings.Repeat("x", 300), 0)
	if !b.more || b.Held().Buffered != 4<<10 {
		t.Fatalf("more %t, held %+v", b.more, b.Held())
	}
	b.send(c, strings.Repeat("x", 5000), 0)
	if b.more || b.Held() != (Held{}) || b.Stats().Bounds != 1 {
		t.Errorf("more %t, held %+v", b.more, b.Held())
	}
}

// What a buffer held is gone when it is free.
func TestBuffersAreCleared(t *testing.T) {
	const canary = "S3cr3t-Canary"
	r := &recorder{}
	r.unit = func(r *recorder, d reassembly.Dir, unit string) { r.log = nil }
	b := newBench(Config{}, r)
	b.send(c, "PASS "+canary+"\r\n"+canary+strings.Repeat("x", 600)+canary, 3)
	b.close()
	for _, size := range b.buffers {
		for _, buf := range size {
			if bytes.ContainsFunc(buf[:cap(buf)], func(r rune) bool { return r != 0 }) {
				t.Errorf("a free buffer of %d bytes was not cleared", cap(buf))
			}
		}
	}
}

// FuzzFramer lets the bytes choose how they are cut; cutting them over segments changes nothing.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("Ca {3}\r\nxyz\r\n\x00Sb\r\n\x00CL4\nabcdK2\nxyB\n\r\n.\r\n"), 3)
	f.Add([]byte("C\x16\x03\x01\x00\x05\x01\x00S\x16\x03\x03\x00\x05\x02"), 2)
	f.Add([]byte("CPASX\x08S y\xff\xfb\x01\n\x00SD\n\x00Cb\r\n.\r\n\x00SU\n\x00C\x17\x03\x03\x00\x10"), 1)
	f.Add([]byte("CZ\n"+"\x03\x00"), 1)
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, script []byte, n int) {
		if len(script) > 32<<10 {
			return
		}
		whole := frameAll(t, script, 0)
		for _, n := range []int{1, 2 + (n&0xff)%40} {
			if cut := frameAll(t, script, n); !slices.Equal(whole, cut) {
				t.Fatalf("pieces of %d: %d units, whole: %d units, or other ones", n, len(cut), len(whole))
			}
		}
	})
}

// frameAll feeds a script, in which a NUL ends what a side says, and its first byte tells the side.
func frameAll(t *testing.T, script []byte, n int) []string {
	r := &recorder{unit: obey}
	b := newBench(Config{Line: 256, LongLine: 512, Inflated: 64 << 10}, r)
	for _, turn := range bytes.Split(script, []byte("\x00S")) {
		for i, text := range bytes.Split(turn, []byte("\x00C")) {
			d := s
			if i > 0 {
				d = c
			}
			b.send(d, string(text), n)
		}
	}
	if h := b.Held(); h.Buffered > 2*4<<10 || h.Waiting > maxWaiting {
		t.Fatalf("held: %+v", h)
	}
	b.close()
	if h := b.Held(); h != (Held{}) {
		t.Fatalf("held in the end: %+v", h)
	}
	if p := b.Stats().Protocols[0].Panics; p != 0 {
		t.Fatal("a panic")
	}
	for _, o := range b.got {
		r.log = append(r.log, fmt.Sprintf("%d %s %d", o.Number, o.Result, o.Mark.Seq))
	}
	return r.log
}

// obey does what a unit says.
func obey(r *recorder, d reassembly.Dir, unit string) {
	r.log[len(r.log)-1] += fmt.Sprint(" ", r.c.Mark().Seq)
	if unit == "" {
		return
	}
	n := uint64(unit[len(unit)-1] & 0x3f)
	switch unit[0] {
	case 'L':
		r.c.Literal(d, n)
	case 'M':
		r.c.Literal(d.Other(), n)
	case 'K':
		r.c.Skip(d, n)
	case 'J':
		r.c.Skip(d.Other(), n)
	case 'B':
		r.c.Body(d)
	case 'D':
		r.c.Body(d.Other())
	case 'E':
		r.c.Lines(d.Other())
	case 'G':
		r.c.Long(d, n&1 == 1)
	case 'U':
		r.c.Upgrade()
	case 'Z':
		r.c.Inflate()
	case 'P':
		r.c.Plain()
	case 'A':
		r.c.Begin(&Attempt{})
	case 'T':
		r.c.Settle(Ticket(n), Success, "")
	case 'W':
		r.c.Withdraw(Ticket(n))
	case 'Q':
		r.c.Done()
	case 'N':
		r.c.NotMine()
	}
}

// The end of a body is found where a plain search finds it, in what is full of its bytes as well.
func TestIndexBodyEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		text := make([]byte, random.IntN(120))
		letters := []string{"\r\n.", "\r\n.....x", "\r\n.xxxxxxxxxxxxxxxxxxxxx"}[random.IntN(3)]
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		if end := random.IntN(200); end < len(text) {
			copy(text[end:], bodyEnd)
		}
		if got, want := indexBodyEnd(text), bytes.Index(text, bodyEnd); got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestNeedsEditing(t *testing.T) {
	for n := range 40 {
		for b := range 256 {
			for at := range n {
				line := bytes.Repeat([]byte{'x'}, n)
				line[at] = byte(b)
				if want := b == backspace || b == del || b == telnetIAC; needsEditing(line) != want {
					t.Fatalf("%q", line)
				}
			}
		}
	}
}
