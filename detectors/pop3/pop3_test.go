package pop3_test

import (
	"testing"

	"cleartap/detectors/dialogtest"
	"cleartap/detectors/pop3"
)

func TestDialogues(t *testing.T) { dialogtest.Run(t, &pop3.Protocol) }

func FuzzPOP3(f *testing.F) { dialogtest.Fuzz(f, &pop3.Protocol) }
