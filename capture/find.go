package capture

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FindOptions say how inputs are looked for. The zero value groups rotation sets
// and reads os.Stdin for "-".
type FindOptions struct {
	Merge Merge           // how files become captures
	Stdin io.Reader       // what "-" reads, nil: os.Stdin
	End   <-chan struct{} // when closed, Find goes no further and pipes end, even while nothing comes; may be nil
}

// Inputs is what Find found.
type Inputs struct {
	Captures []*Capture // in the order of Capture.Compare
	Problems []Problem  // of what is no capture, in the order of the arguments
	Files    int        // in all captures
	Skipped  int        // files of folders that are no captures and do not claim to be
	Size     int64      // bytes on disk of all captures
}

// Find looks for captures: args are files, folders, which are searched through
// and through, and "-" for standard input. What was named twice is read once.
// Formats are told by content; a name matters only for a file in a folder that
// is no capture: it is skipped, unless it ends like one. The first packet of
// each file is looked at, to order the captures.
func Find(args []string, opt FindOptions) Inputs {
	if opt.Stdin == nil {
		opt.Stdin = os.Stdin
	}
	f := finder{opt: opt, folders: map[string]bool{}, names: map[string]bool{}}
	for _, arg := range args {
		f.argument(arg)
	}
	f.follow()
	f.report()
	f.peeker.close()
	in := Inputs{Captures: f.group(), Skipped: f.skipped, Files: len(f.files)}
	for i := range f.roots {
		in.Problems = append(in.Problems, f.roots[i].problems...)
	}
	for _, c := range in.Captures {
		in.Size += c.Size
	}
	return in
}

// finder walks through the arguments.
type finder struct {
	opt     FindOptions
	peeker  peeker
	folders map[string]bool // searched, by their true path
	names   map[string]bool // files seen, by their true path
	files   []*located
	links   []link // symbolic links met in folders
	roots   []root
	skipped int
}

// root is what came of one argument.
type root struct {
	path     string
	folder   bool
	found    bool // something is there, or was already
	skipped  int
	problems []Problem
}

// link is a symbolic link that is followed when all else was seen, so that a
// file keeps its own name.
type link struct {
	path string
	root int
}

func (f *finder) root() *root { return &f.roots[len(f.roots)-1] }

func (f *finder) argument(arg string) {
	f.roots = append(f.roots, root{path: arg})
	r := f.root()
	if arg == Stdin {
		f.stdin()
		return
	}
	st, err := os.Stat(arg)
	if err != nil {
		r.problems = append(r.problems, openProblem(arg, err))
		return
	}
	switch {
	case st.IsDir():
		r.folder = true
		f.folder(r, arg, truePath(arg))
	case st.Mode().IsRegular():
		f.file(r, arg, truePath(arg), st, true)
	default:
		f.stream(arg, truePath(arg))
	}
}

// stdin takes standard input in; redirected from a file it has a size.
func (f *finder) stdin() {
	if f.names[Stdin] {
		return
	}
	f.names[Stdin] = true
	in := &located{path: Stdin, stream: true}
	if file, ok := f.opt.Stdin.(*os.File); ok {
		if st, err := file.Stat(); err == nil && st.Mode().IsRegular() {
			in.size = st.Size()
		}
	}
	f.files = append(f.files, in)
}

func (f *finder) stream(path, name string) {
	if !f.names[name] {
		f.names[name] = true
		f.files = append(f.files, &located{path: path, stream: true})
	}
}

// folder searches path, whose true path is name, in the order of names.
func (f *finder) folder(r *root, path, name string) {
	if f.folders[name] {
		r.found = true
		return
	}
	f.folders[name] = true
	entries, err := os.ReadDir(path) // with an error, gives what it could read
	if err != nil {
		r.problems = append(r.problems, openProblem(path, err))
	}
	for _, e := range entries {
		if f.ended() {
			return
		}
		below, trueBelow := joinPath(path, e.Name()), filepath.Join(name, e.Name())
		switch {
		case e.IsDir():
			f.folder(r, below, trueBelow)
		case e.Type()&fs.ModeSymlink != 0:
			f.links = append(f.links, link{below, len(f.roots) - 1})
		case e.Type().IsRegular():
			f.file(r, below, trueBelow, nil, false)
		default:
			f.skip(r)
		}
	}
}

// follow follows the symbolic links, those included that it meets in doing so.
func (f *finder) follow() {
	for len(f.links) > 0 {
		l := f.links[0]
		f.links = f.links[1:]
		r := &f.roots[l.root]
		st, err := os.Stat(l.path)
		switch {
		case err != nil && looksLikeCapture(l.path):
			r.problems = append(r.problems, openProblem(l.path, err))
		case err != nil:
			f.skip(r)
		case st.IsDir():
			f.folder(r, l.path, truePath(l.path))
		case st.Mode().IsRegular():
			f.file(r, l.path, truePath(l.path), st, false)
		default:
			f.skip(r)
		}
	}
}

// ended reports whether the user wants no more.
func (f *finder) ended() bool {
	select {
	case <-f.opt.End:
		return true
	default:
		return false
	}
}

func (f *finder) skip(r *root) {
	f.skipped++
	r.skipped++
}

// file takes in a regular file, if it is a capture or ought to be one.
func (f *finder) file(r *root, path, name string, st fs.FileInfo, named bool) {
	if f.names[name] {
		r.found = true
		return
	}
	f.names[name] = true
	if st == nil {
		var err error
		if st, err = os.Stat(path); err != nil {
			f.refuse(r, openProblem(path, err), named)
			return
		}
	}
	in := &located{path: path, dir: filepath.Dir(name), size: st.Size(), mod: st.ModTime()}
	if p, ok := f.peeker.peek(in); !ok {
		f.refuse(r, p, named)
		return
	}
	r.found = true
	f.files = append(f.files, in)
}

// refuse reports or skips a file that is no capture.
func (f *finder) refuse(r *root, p Problem, named bool) {
	if named || looksLikeCapture(p.Path) {
		r.problems = append(r.problems, p)
		return
	}
	f.skip(r)
}

// report tells of folders in which nothing was found.
func (f *finder) report() {
	for i := range f.roots {
		r := &f.roots[i]
		if !r.folder || r.found || len(r.problems) > 0 {
			continue
		}
		reason := "no captures in this folder"
		if r.skipped > 0 {
			reason = fmt.Sprintf("no captures in this folder, %d other files", r.skipped)
			if r.skipped == 1 {
				reason = "no captures in this folder, 1 other file"
			}
		}
		r.problems = append(r.problems, Problem{r.path, NoOffset, false, NotCapture, reason, cureKnown})
	}
}

// looksLikeCapture reports whether the name claims that a capture is in it.
func looksLikeCapture(path string) bool {
	name := strings.ToLower(plainName(filepath.Base(path)))
	return slices.Contains([]string{".pcap", ".pcapng", ".cap"}, filepath.Ext(name))
}

// plainName is a file's name without the ending of a compression.
func plainName(name string) string {
	switch ext := filepath.Ext(name); strings.ToLower(ext) {
	case ".gz", ".zst":
		return name[:len(name)-len(ext)]
	}
	return name
}

// joinPath puts a name behind a folder as the user wrote it.
func joinPath(folder, name string) string {
	if os.IsPathSeparator(folder[len(folder)-1]) {
		return folder + name
	}
	return folder + string(filepath.Separator) + name
}

// truePath is one spelling for all the ways that lead to a file.
func truePath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if t, err := filepath.EvalSymlinks(abs); err == nil {
		return t
	}
	return abs
}
