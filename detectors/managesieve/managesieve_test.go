package managesieve

import (
	"testing"

	"cleartap/detectors/dialogtest"
)

func TestDialogues(t *testing.T) { dialogtest.Run(t, &Protocol) }

func FuzzSession(f *testing.F) { dialogtest.Fuzz(f, &Protocol) }
