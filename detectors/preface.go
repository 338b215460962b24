package detectors

import (
	"cleartap/capture"
	"cleartap/reassembly"
)

type preface struct{}

func newPreface(port uint16) *preface                                          { return nil }
func isPreface(p []byte) bool                                                  { return false }
func (p *preface) forget(e *Engine)                                            {}
func (c *Conversation) feedPreface(d reassembly.Dir, m capture.Mark, p []byte) {}
