package output

import "unsafe"

// text is what the texts that are made for an alert are parts of. Its memory is used for
// the next alert again: to make a new one for each costs as much as to print it.
type text struct{ b []byte }

// textSize is what the texts that are made for an alert usually come to, in bytes.
const textSize = 416

// Reset begins anew. What from gave is no longer valid then.
func (t *text) Reset() {
	if t.b == nil {
		t.b = make([]byte, 0, textSize)
	}
	t.b = t.b[:0]
}

// Len is how many bytes were written.
func (t *text) Len() int { return len(t.b) }

func (t *text) Write(p []byte) { t.b = append(t.b, p...) }

// WriteString writes s.
func (t *text) WriteString(s string) { t.b = append(t.b, s...) }

func (t *text) put(c byte) { t.b = append(t.b, c) }

// from gives what was written since it was n bytes long. It is valid until Reset: what is
// written behind it does not change it, wherever that goes.
func (t *text) from(n int) string {
	if n == len(t.b) {
		return ""
	}
	return unsafe.String(&t.b[n], len(t.b)-n)
}
