package spool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	cursorSuffix = ".cursor"
	formatName   = "format"
	maxName      = 64
)

// checkName says whether a sink's name may be that of a reader: it becomes that
// of files.
func checkName(name string) error {
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("sink %q: a name has a-z, 0-9, - and _ only", name)
		}
	}
	if name == "" || len(name) > maxName {
		return fmt.Errorf("sink %q: a name has 1 to %d letters", name, maxName)
	}
	return nil
}

// line is a line of text with its sum, of the same length for every value.
func line(kind string, version int, id uint32, value uint64) string {
	text := fmt.Sprintf("cleartap-%s %d %08x %020d", kind, version, id, value)
	return fmt.Sprintf("%s %08x\n", text, sum([]byte(text)))
}

// parseLine reads a line; false: it is none, or damaged.
func parseLine(kind, text string) (version int, id uint32, value uint64, ok bool) {
	body, check, found := cutLast(strings.TrimSuffix(text, "\n"))
	if !found || fmt.Sprintf("%08x", sum([]byte(body))) != check {
		return 0, 0, 0, false
	}
	rest, found := strings.CutPrefix(body, "cleartap-"+kind+" ")
	if !found {
		return 0, 0, 0, false
	}
	n, _ := fmt.Sscanf(rest, "%d %x %d", &version, &id, &value) // of a newer version, as far as it goes
	return version, id, value, n >= 1 && (version > formatVersion || n == 3 && value < maxSequence)
}

func cutLast(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

func cursorLine(id uint32, done uint64) string { return line("cursor", formatVersion, id, done) }
func formatLine(id uint32) string              { return line("spool", formatVersion, id, 0) }

// sortedKeys gives the names in order.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// listed writes names in a line.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// writeCursor writes down how far a reader has come. On a full disk the old
// file is written over in place, for else nothing could ever be freed; should
// that be torn, its sum says so, and alerts are sent again.
func (s *Spool) writeCursor(name string, done uint64) error {
	text := cursorLine(s.id, done)
	err := replaceFile(s.dir, name+cursorSuffix, text)
	if err == nil || !noRoom(err) {
		return err
	}
	f, oerr := s.dir.edit(name + cursorSuffix)
	if oerr != nil {
		return err
	}
	_, err = f.WriteAt([]byte(text), 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
