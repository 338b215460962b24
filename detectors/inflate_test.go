package detectors

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"

	"cleartap/internal/fuzzing"
)

// inflateAll feeds p in pieces of n bytes. It gives the output, the state, and
// how many bytes were taken.
func inflateAll(p []byte, n, most int) (out []byte, z *inflater, taken int) {
	z = &inflater{stored: true}
	for len(p) > 0 {
		piece := p[:min(n, len(p))]
		p = p[len(piece):]
		for {
			k, got := z.inflate(piece, 0)
			piece = piece[k:]
			taken += k
			out = append(out, got...)
			if z.state >= atEnd || len(out) > most || len(got) == 0 && len(piece) == 0 {
				break
			}
		}
		if z.state >= atEnd || len(out) > most {
			break
		}
	}
	return out, z, taken
}

func deflated(t testing.TB, level int, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestInflate(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rng.Intn(1 + i%256))
	}
	texts := [][]byte{{}, []byte("a"), []byte("a1 LOGIN alice secret\r\n"), []byte(strings.Repeat("* 1 FETCH (FLAGS ())\r\n", 9000)), noise}
	for i, text := range texts {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			packed := deflated(t, level, text)
			for _, n := range []int{1, 2, 7, 1000, 1 << 20} {
				out, z, taken := inflateAll(packed, n, 1<<20)
				if !bytes.Equal(out, text) || z.state != atEnd || taken != len(packed) {
					t.Errorf("text %d, level %d, pieces of %d: %d bytes of %d, state %d, taken %d of %d", i, level, n, len(out), len(text), z.state, taken, len(packed))
				}
			}
		}
	}
}

// What follows the last block, or a flush, is not touched.
func TestInflateTakesNoMoreThanItNeeds(t *testing.T) {
	packed := append(deflated(t, flate.BestCompression, []byte("a OK done\r\n")), "b OK plain\r\n"...)
	_, z, taken := inflateAll(packed, len(packed), 1<<20)
	if rest := string(packed[taken:]); rest != "b OK plain\r\n" || !z.aligned() {
		t.Errorf("%d bytes are left, aligned %t", len(rest), z.aligned())
	}
}

func TestInflateFaults(t *testing.T) {
	for name, p := range map[string][]byte{
		"reserved block type":      {0x07},
		"stored length":            {0x01, 1, 0, 0, 0},
		"distance before output":   {0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00},
		"too many literal lengths": {0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, z, _ := inflateAll(p, 1, 100); z.state != atFault {
			t.Errorf("%s: state %d", name, z.state)
		}
	}
}

// FuzzInflate compares with the standard library's reader.
func FuzzInflate(f *testing.F) {
	for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
		f.Add(deflated(f, level, []byte(strings.Repeat("a1 LOGIN alice secret\r\n", 40))), 3)
	}
	f.Add([]byte{0x03, 0x02, 0, 0}, 1)
	fuzzing.Begin()
	f.Fuzz(func(t *testing.T, p []byte, n int) {
		const most = 1 << 18
		if n < 1 {
			n = 1
		}
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(p)), most))
		got, z, taken := inflateAll(p, n, most)
		again, y, takenAgain := inflateAll(p, len(p)+1, most)
		// How much comes out beyond what is too much depends on the pieces.
		if over := min(len(got), len(again)) > most; over && !bytes.Equal(got[:most], again[:most]) || !over && (!bytes.Equal(got, again) || z.state != y.state || taken != takenAgain) {
			t.Fatalf("pieces of %d: %d bytes and state %d, whole: %d bytes and state %d", n, len(got), z.state, len(again), y.state)
		}
		if len(got) > most || len(want) == most {
			return
		}
		var corrupt flate.CorruptInputError
		switch {
		case err == nil && (z.state != atEnd || !bytes.Equal(got, want)):
			t.Fatalf("state %d, %d bytes; the standard library reads %d", z.state, len(got), len(want))
		case errors.As(err, &corrupt) && z.state == atEnd:
			t.Fatal("the standard library finds a fault")
		case errors.Is(err, io.ErrUnexpectedEOF) && z.state == atEnd:
			t.Fatal("the standard library finds no end")
		case err != nil && !bytes.HasPrefix(got, want):
			t.Fatalf("%d bytes, the standard library reads %d others", len(got), len(want))
		}
	})
}
