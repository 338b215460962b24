//go:build !unix

package main

import "context"

// signals does nothing: there are no such signals.
func (s *listening) signals(context.Context, chan<- func()) (stop func()) { return func() {} }
