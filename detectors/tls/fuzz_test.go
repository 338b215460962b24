package tls_test

import (
	"reflect"
	"testing"

	"cleartap/detectors"
	"cleartap/internal/fuzzing"
	"cleartap/reassembly"
)

// FuzzTLS feeds pieces: a byte for the side and the length of the piece behind it.
// Whatever they are: no failure, nothing held in the end, bounded texts, and the same
// however the pieces are cut.
func FuzzTLS(f *testing.F) {
	script := func(pieces ...piece) (out []byte) {
		for _, p := range pieces {
			for q := p.p; len(q) > 0; {
				n := min(len(q), 126)
				out = append(append(out, byte(p.dir)<<7|byte(n)), q[:n]...)
				q = q[n:]
			}
		}
		return out
	}
	hello := []byte("\x16\x03\x01\x00\x37\x01\x00\x00\x33\x03\x03" + "01234567890123456789012345678901" + "\x00\x00\x02\xc0\x2f\x01\x00\x00\x08\x00\x2b\x00\x04\x03\x03\x04\x03")
	reply := []byte("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + "01234567890123456789012345678901" + "\x00\xc0\x2f\x00")
	f.Add(script(piece{reassembly.ToServer, hello}, piece{reassembly.ToClient, reply}, piece{reassembly.ToClient, []byte("\x15\x03\x03\x00\x02\x02\x28")}), 3)
	f.Add(script(piece{reassembly.ToServer, v2Hello(2, 1, 0, 0x80)}, piece{reassembly.ToClient, v2Server([]byte("x"), 1, 0, 0x80)}), 1)
	f.Add(script(piece{reassembly.ToServer, hello}, piece{reassembly.ToClient, []byte("\x16\x03\x03\x00\x0d\x0b\x00\x00\x09\x00\x00\x06\x00\x00\x03abc")}), 2)
	f.Add(script(piece{reassembly.ToServer, append(hello, "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x13"...)}), 7)
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, script []byte, n int) {
		if len(script) > 64<<10 {
			return
		}
		var pieces []piece
		for len(script) > 1 {
			k := min(int(script[0]&0x7f), len(script)-1)
			pieces = append(pieces, piece{reassembly.Dir(script[0] >> 7), script[1 : 1+k]})
			script = script[1+k:]
		}
		read := func(n int) *detectors.TLS {
			x := follow(t, pieces)
			for _, p := range pieces {
				x.feed(p.dir, p.p, n)
			}
			return x.close(t)
		}
		whole := read(0)
		if cut := read(1 + (n&0xff)%40); !reflect.DeepEqual(whole, cut) {
			t.Fatalf("cut: %+v\nwhole: %+v", cut, whole)
		}
		if whole != nil && (len(whole.SNI) > 253 || len(whole.JA4) > 36 || len(whole.ALPN) > 16 || len(whole.SuiteName) > 64) {
			t.Fatalf("%+v", whole)
		}
	})
}
