//go:build linux

package main

import (
	"cleartap/internal/lab"
)

// scene is one recording.
type scene struct {
	file  string // the capture, or the first of them
	shows string // for the README
	how   string // for the README: the servers and clients
	play  func(*stage)
	lay   func([]lab.Frame, []login) []recording // nil: one file with everything
	files []string                               // what lay makes, when that is not file alone
}

// names are the files of the scene.
func (sc *scene) names() []string {
	if len(sc.files) > 0 {
		return sc.files
	}
	return []string{sc.file}
}

// recording is one capture, a file.
type recording struct {
	file   string
	frames []lab.Frame
	form   form
	logins []login
}

// scenes are all recordings, in the README's order.
func scenes() []scene {
	var all []scene
	for _, group := range [][]scene{protocolScenes(), mechanismScenes(), dialogueScenes(), tlsScenes(), networkScenes(), formatScenes()} {
		all = append(all, group...)
	}
	return all
}

// captures gives the files of a recording.
func (sc *scene) captures(frames []lab.Frame, logins []login) []recording {
	if sc.lay == nil {
		return []recording{{file: sc.file, frames: frames, logins: logins}}
	}
	return sc.lay(frames, logins)
}
