package detectors

import "testing"

// Behind bytes that are missing a client has waited once it had what the server said having had them,
// whenever the capture shows that: what it said before is no answer to them, even if it is delivered later.
func TestBlind(t *testing.T) {
	const lost = 100 // end of the bytes that are missing
	for _, c := range []struct {
		name  string
		steps func(b *blind)
		ack   uint32
		want  bool
	}{
		{"nothing is missing", func(*blind) {}, 50, true},
		{"no answer", func(b *blind) { b.lose(lost, 50) }, 50, false},
		{"an answer that the client has not had", func(b *blind) { b.lose(lost, 50); b.hear(50, lost) }, 50, false},
		{"an answer", func(b *blind) { b.lose(lost, 50); b.hear(50, lost) }, 55, true},
		{"said before, delivered late", func(b *blind) { b.lose(lost, 50); b.hear(50, 90) }, 60, false},
		{"an answer behind that", func(b *blind) { b.lose(lost, 50); b.hear(50, 90); b.hear(60, lost) }, 70, true},
		{"an answer delivered before the loss was seen", func(b *blind) { b.hear(50, lost); b.lose(lost, 60) }, 70, true},
		{"the server was not heard", func(b *blind) { b.lose(lost, 0) }, 2000, false},
		{"sequence numbers begin again", func(b *blind) { b.lose(5, 0xfffffff0); b.hear(0xfffffff0, 5) }, 3, true},
	} {
		var b blind
		c.steps(&b)
		if got := b.waited(c.ack); got != c.want {
			t.Errorf("%s: waited is %t", c.name, got)
		}
	}
}
