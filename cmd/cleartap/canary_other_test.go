//go:build !linux

package main

import "testing"

// live is left out: only Linux has the live sensor.
func (s *suite) live(t *testing.T) { t.Log("left out, only Linux has the live sensor") }
