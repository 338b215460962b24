package detectors

// blind is what is known of a client behind bytes of it that are missing, or that nobody could read:
// its commands there are answered before what it sent at once with them.
type blind struct {
	on       bool
	answered bool   // the server went on, having had them
	end      uint32 // of them, in the client's stream
	from     uint32 // what the client has had more of than this, it has had an answer to them
	had      uint32 // what the server had of the client when it spoke last
}

// lose notes bytes of the client up to end that are missing, when the server's next byte is said.
func (b *blind) lose(end, said uint32) {
	b.on, b.end, b.from = true, end, said
	b.answered = int32(b.had-end) >= 0
}

// hear notes that the server spoke, at seq, having had the client's bytes before ack.
func (b *blind) hear(seq, ack uint32) {
	b.had = ack
	if b.on && !b.answered && int32(ack-b.end) >= 0 {
		b.answered, b.from = true, seq
	}
}

// waited reports whether the client, that has had the server's bytes before ack, has had an answer.
func (b *blind) waited(ack uint32) bool {
	return !b.on || b.answered && int32(ack-b.from) > 0
}
