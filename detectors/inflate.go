package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

type inflater struct{}

func (c *Conversation) startInflate()                                           { c.end(exceeded) }
func (c *Conversation) stopInflate()                                            {}
func (c *Conversation) feedDeflated(d reassembly.Dir, m capture.Mark, p []byte) {}
func (e *Engine) putInflater(f *inflater)                                       {}
