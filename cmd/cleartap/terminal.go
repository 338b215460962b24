package main

import (
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/term"
)

// permissionsMatter says whether the mode of a file tells who may read it.
const permissionsMatter = runtime.GOOS != "windows"

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	if l, ok := w.(*lockedWriter); ok {
		w = l.w
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// useColour decides about colour: --color, then NO_COLOR (no-color.org), then
// CLICOLOR_FORCE (bixense.com/clicolors), then whether there is a terminal.
func useColour(when string, w io.Writer) bool {
	switch {
	case when == "always":
		return true
	case when == "never", os.Getenv("NO_COLOR") != "":
		return false
	case os.Getenv("CLICOLOR_FORCE") != "" && os.Getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return isTerminal(w) && os.Getenv("TERM") != "dumb"
}

// lockedWriter lets several goroutines write, each line whole.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
