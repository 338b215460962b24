package capture

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind tells what is the matter with an input.
type Kind uint8

// The kinds of problems. With the last five, what could be read of the file was
// read; with the others nothing of it was used.
const (
	Unreadable  Kind = iota + 1 // it is missing or could not be opened or listed
	NotCapture                  // it is not in the format of a capture
	Unsupported                 // a known format that is not read here
	TooMany                     // more files at once than can be merged
	Truncated                   // it ends in the middle of something
	Corrupt                     // a part of it makes no sense and was passed over
	UnknownLink                 // its frames begin in a way that the decoder does not know
	Changed                     // it was written to while it was read
	ReadFailed                  // the system reported an error in the middle of it
)

// String names the kind in a word or two.
func (k Kind) String() string {
	switch k {
	case Unreadable:
		return "unreadable"
	case NotCapture:
		return "not a capture"
	case Unsupported:
		return "unsupported"
	case TooMany:
		return "too many"
	case Truncated:
		return "truncated"
	case Corrupt:
		return "corrupt"
	case UnknownLink:
		return "unknown link type"
	case Changed:
		return "changed"
	case ReadFailed:
		return "read failed"
	default:
		return "unknown"
	}
}

// Partial reports whether a file with such a problem may still have given frames.
func (k Kind) Partial() bool { return k >= Truncated }

// Stdin is the path that stands for standard input.
const Stdin = "-"

// NoOffset is the Offset of a problem that concerns a file as a whole.
const NoOffset = -1

// Problem is something about an input that kept it, or a part of it, from being read.
type Problem struct {
	Path     string // as given by the user, or below a folder that was; "-" is standard input
	Offset   int64  // where in the file, in bytes, or NoOffset
	Unpacked bool   // Offset counts the bytes after decompression
	Kind     Kind
	Reason   string // what is the matter; quotes nothing of the file
	Cure     string // what the user can do about it, may be empty
}

// String gives the problem in one line: PATH: offset N: reason (cure). Control
// characters of the path are escaped.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(printablePath(p.Path))
	if p.Offset >= 0 {
		b.WriteString(": offset ")
		b.WriteString(strconv.FormatInt(p.Offset, 10))
		if p.Unpacked {
			b.WriteString(" after decompression")
		}
	}
	b.WriteString(": ")
	b.WriteString(p.Reason)
	if p.Cure != "" {
		b.WriteString(" (")
		b.WriteString(p.Cure)
		b.WriteByte(')')
	}
	return b.String()
}

// printablePath escapes what could move a terminal's cursor, turn the direction
// of writing, or break a line.
func printablePath(path string) string {
	if path == Stdin {
		return "standard input"
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		if (r == utf8.RuneError && n == 1) || !strconv.IsPrint(r) {
			q := strconv.Quote(path[i : i+n])
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String()
}

// openProblem is the problem of a file or folder that could not be opened.
func openProblem(path string, err error) Problem {
	p := Problem{Path: path, Offset: NoOffset, Kind: Unreadable, Reason: systemReason(err)}
	if errors.Is(err, fs.ErrPermission) {
		p.Cure = "run it as a user who may read it, such as with sudo"
	}
	return p
}

// systemReason says an error of the operating system without the path, which
// the problem has already.
func systemReason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	if se := (*os.SyscallError)(nil); errors.As(err, &se) {
		return se.Err.Error()
	}
	return err.Error()
}

// maxProblems bounds what one file may tell: a file that is nothing but damage
// must not fill the user's screen.
const maxProblems = 8

// teller passes the problems of one file on.
type teller struct {
	path     string
	unpacked bool
	told     int
	tell     func(Problem) // nil: nobody listens
}

func (t *teller) problem(kind Kind, offset int64, reason, cure string) {
	t.told++
	if t.tell == nil || t.told > maxProblems {
		return
	}
	if t.told == maxProblems {
		reason += "; more problems of this file are not listed"
	}
	t.tell(Problem{t.path, offset, t.unpacked && offset >= 0, kind, reason, cure})
}
