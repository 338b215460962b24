package formattest

import (
	"errors"
	"fmt"
	"strings"
)

// CEF is a parsed CEF record: the seven fields of the header behind the version,
// and the extension.
type CEF struct {
	Header []string
	Fields map[string]string
}

// ParseCEF reads a record strictly: each escape must be one that CEF knows, each
// key a word, no key twice.
func ParseCEF(s string) (*CEF, error) {
	rest, ok := strings.CutPrefix(s, "CEF:0|")
	if !ok {
		return nil, errors.New("no CEF:0")
	}
	out := &CEF{Fields: map[string]string{}}
	for len(out.Header) < 6 {
		field, after, err := upTo(rest, '|', `\|`)
		if err != nil {
			return nil, err
		}
		out.Header = append(out.Header, field)
		rest = after
	}
	err := out.extension(rest)
	return out, err
}

// upTo reads up to an unescaped byte end. Only those in known may be escaped.
func upTo(s string, end byte, known string) (field, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == end:
			return b.String(), s[i+1:], nil
		case c == '\\':
			i++
			if i == len(s) || !strings.ContainsRune(known, rune(s[i])) {
				return "", "", errors.New("an escape that there is not in the header")
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("the header ends early")
}

// extension reads key=value pairs: a key is the word before an unescaped equals sign.
func (c *CEF) extension(s string) error {
	var signs []int
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '=':
			signs = append(signs, i)
		}
	}
	starts := make([]int, len(signs))
	for k, at := range signs {
		starts[k] = strings.LastIndexByte(s[:at], ' ') + 1
	}
	for k, at := range signs {
		key, end := s[starts[k]:at], len(s)
		if k+1 < len(signs) {
			end = starts[k+1] - 1
		}
		if !word(key) || end < at+1 {
			return fmt.Errorf("key %q", key)
		}
		value, err := unescape(s[at+1 : end])
		if err != nil {
			return err
		}
		if _, twice := c.Fields[key]; twice {
			return fmt.Errorf("key %q twice", key)
		}
		c.Fields[key] = value
	}
	return nil
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errors.New("an escape without its character")
		}
		switch s[i] {
		case '\\', '=':
			b.WriteByte(s[i])
		case 'n', 'r':
			b.WriteByte('\n')
		default:
			return "", errors.New("an escape that there is not in the extension")
		}
	}
	return b.String(), nil
}

func word(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') }) < 0
}

// LEEF is a parsed LEEF record.
type LEEF struct {
	Version string
	Header  []string // vendor, product, version, event id
	Fields  map[string]string
}

// ParseLEEF reads a record strictly: each field a word and a value, no key twice.
func ParseLEEF(s string) (*LEEF, error) {
	rest, ok := strings.CutPrefix(s, "LEEF:")
	if !ok {
		return nil, errors.New("no LEEF")
	}
	parts := strings.SplitN(rest, "|", 6)
	if len(parts) < 6 {
		return nil, errors.New("the header ends early")
	}
	out := &LEEF{Version: parts[0], Header: parts[1:5], Fields: map[string]string{}}
	delimiter, body := "\t", parts[5]
	switch out.Version {
	case "1.0":
	case "2.0":
		if delimiter, body, ok = strings.Cut(parts[5], "|"); !ok || len(delimiter) != 1 {
			return nil, errors.New("no delimiter")
		}
	default:
		return nil, fmt.Errorf("version %q", out.Version)
	}
	for _, f := range strings.Split(body, delimiter) {
		key, value, ok := strings.Cut(f, "=")
		if !ok || !word(key) {
			return nil, fmt.Errorf("field %q", f)
		}
		if _, twice := out.Fields[key]; twice {
			return nil, fmt.Errorf("key %q twice", key)
		}
		out.Fields[key] = value
	}
	return out, nil
}
