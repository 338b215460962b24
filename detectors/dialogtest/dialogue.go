// Package dialogtest replays mail dialogues that are written down as text, and
// holds what a protocol observes against what the text expects. A dialogue must
// give the same observations however its bytes are cut, and never a secret. It
// is imported by tests only.
//
// A dialogue is a text file, read line by line:
//
//	# anything                 a comment
//	# secret: word             what must be found in no observation, in no encoding
//	# want PLAIN alice success what the line before must cause (see below)
//	C: text                    a line of the client; CR LF is added
//	S: text                    a line of the server
//	C:= text                   the same without a line end
//	C! hex:00ff                raw bytes, as hex or base64
//	GAP C n                    n bytes of the client are lost (0: unknown how many)
//	CONFLICT C                 the last line of the client came again with other bytes
//	CLOSE                      the connection ends, though the file goes on
//	WAIT n                     n seconds pass
//	DEFLATE, INFLATED          from here on both sides are raw DEFLATE; no longer
//	PORT n                     the server's port, instead of the protocol's first one
//	ONLY C                     a capture of the client's direction alone
//	MIDSTREAM                  the capture began after the connection did
//	SWAPPED                    reassembly took the sides the wrong way round, and is not sure
//	CLIENT-ONLY skip           the client's side alone cannot tell the same
//	AMONG-ALL skip             another protocol has its own view of it
//
// In text, \r \n \t \0 \s (space) \\ and \xNN stand for bytes; any other
// backslash is itself. An expectation may also stand behind a line's text, where
// the blanks before it do not belong to the text:
//
//	S: 235 ok        # want PLAIN alice success reply=235
//
// It names the mechanism, the identity (- if none) and the result, and then any of
// cmd= class= authzid= realm= reply= rule= severity= proxy= protocol= number= and
// weak, sealed, gap, ambiguous, nosecret. "# want CONFLICT" expects a conflict.
// "# want-client PLAIN alice" is expected of the client's side alone, where that
// differs from what both sides tell; then all of them must be given.
//
// "# fact offered ehlo starttls" expects something other than a login, as Fact
// writes it, of the line before. A dialogue that has one such line has all of them,
// in order; the summary ("# fact ended ...") may be left out.
package dialogtest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"cleartap/reassembly"
)

// kind is what a step does.
type kind uint8

const (
	data kind = iota
	gap
	conflict
	closing
	wait
	deflate
	inflated
)

// Step is one line of a dialogue.
type Step struct {
	line  int
	kind  kind
	dir   reassembly.Dir
	bytes []byte
	n     int // of a gap in bytes, of a wait in seconds
	wants []want
}

// Dialogue is a conversation between a client and a server, with what it must give.
type Dialogue struct {
	Name    string
	steps   []Step
	secrets []string
	port    uint16
	only    [2]bool // by direction: the other one is missing
	swapped bool
	mid     bool
	client  []want // of the client's side alone
	facts   []fact
	alone   string // "skip" or "": the client's side alone
	Others  bool   // not to be replayed among other protocols
}

// Parse reads a dialogue. Errors name the line, never its content.
func Parse(name, text string) (*Dialogue, error) {
	d := &Dialogue{Name: name}
	for i, line := range strings.Split(text, "\n") {
		if err := d.parseLine(i+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	return d, nil
}

func (d *Dialogue) parseLine(n int, line string) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	if strings.HasPrefix(line, "#") {
		return d.parseComment(strings.TrimSpace(line[1:]))
	}
	if len(line) > 1 && (line[0] == 'C' || line[0] == 'S') && (line[1] == ':' || line[1] == '!') {
		return d.parseText(n, line)
	}
	return d.parseDirective(n, strings.Fields(line))
}

func (d *Dialogue) parseComment(text string) error {
	if s, ok := strings.CutPrefix(text, "secret:"); ok {
		d.secrets = append(d.secrets, unescape(strings.TrimSpace(s)))
		return nil
	}
	if s, ok := strings.CutPrefix(text, "want-client "); ok {
		w, err := parseWant(s, true)
		d.client = append(d.client, w)
		return err
	}
	if s, ok := strings.CutPrefix(text, "fact "); ok {
		if len(d.steps) == 0 {
			return fmt.Errorf("an expectation before any line")
		}
		d.facts = append(d.facts, fact{strings.TrimSpace(s), d.steps[len(d.steps)-1].line})
		return nil
	}
	s, ok := strings.CutPrefix(text, "want ")
	if !ok {
		return nil
	}
	if len(d.steps) == 0 {
		return fmt.Errorf("an expectation before any line")
	}
	w, err := parseWant(s, false)
	last := &d.steps[len(d.steps)-1]
	last.wants = append(last.wants, w)
	return err
}

// parseText reads a line of either side.
func (d *Dialogue) parseText(n int, line string) error {
	s := Step{line: n, kind: data, dir: side(line[:1])}
	text, expected, found := strings.Cut(line, "# want ")
	if found {
		w, err := parseWant(expected, false)
		if err != nil {
			return err
		}
		s.wants = append(s.wants, w)
		text = strings.TrimRight(text, " \t")
	}
	var err error
	switch rest := text[2:]; {
	case text[1] == '!':
		s.bytes, err = decode(strings.TrimSpace(rest))
	case strings.HasPrefix(rest, "="):
		s.bytes = []byte(unescape(strings.TrimPrefix(rest[1:], " ")))
	default:
		s.bytes = []byte(unescape(strings.TrimPrefix(rest, " ")) + "\r\n")
	}
	d.steps = append(d.steps, s)
	return err
}

func (d *Dialogue) parseDirective(n int, words []string) error {
	number := func() int {
		v, err := strconv.Atoi(words[len(words)-1])
		if err != nil {
			return -1
		}
		return v
	}
	s := Step{line: n}
	switch words[0] {
	case "GAP":
		s.kind, s.dir, s.n = gap, side(words[1]), number()
	case "CONFLICT":
		s.kind, s.dir = conflict, side(words[1])
	case "CLOSE":
		s.kind = closing
	case "WAIT":
		s.kind, s.n = wait, number()
	case "DEFLATE":
		s.kind = deflate
	case "INFLATED":
		s.kind = inflated
	case "PORT":
		d.port = uint16(number())
		return nil
	case "ONLY":
		d.only[side(words[1])] = true
		return nil
	case "SWAPPED":
		d.swapped = true
		return nil
	case "MIDSTREAM":
		d.mid = true
		return nil
	case "AMONG-ALL":
		d.Others = true
		return nil
	case "CLIENT-ONLY":
		d.alone = words[1]
		return nil
	default:
		return fmt.Errorf("unknown directive")
	}
	d.steps = append(d.steps, s)
	return nil
}

func side(word string) reassembly.Dir {
	if word == "S" {
		return reassembly.ToClient
	}
	return reassembly.ToServer
}

// decode reads raw bytes.
func decode(text string) ([]byte, error) {
	if s, ok := strings.CutPrefix(text, "hex:"); ok {
		return hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	}
	if s, ok := strings.CutPrefix(text, "base64:"); ok {
		return base64.StdEncoding.DecodeString(s)
	}
	return nil, fmt.Errorf("raw bytes need a prefix, hex: or base64:, to be read")
}

// unescape reads the escapes of a text.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		if at := strings.IndexByte(`rnt0s\`, s[i+1]); at >= 0 {
			out.WriteByte("\r\n\t\x00 \\"[at])
			i++
			continue
		}
		if v, err := strconv.ParseUint(s[min(i+2, len(s)):min(i+4, len(s))], 16, 8); err == nil && s[i+1] == 'x' {
			out.WriteByte(byte(v))
			i += 3
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
