//go:build linux

package livetest

import (
	"fmt"
	"os"
	"testing"

	"cleartap/internal/lab"
	"cleartap/internal/testenv"
)

// program is the path of the program under test, built once, as it is released:
// static, without the race detector.
var program string

func TestMain(m *testing.M) {
	if role := os.Getenv("CLEARTAP_TEST_ROLE"); role != "" {
		play(role, os.Args[1:])
		return
	}
	if why, ok := lab.Available(); !ok {
		fmt.Println("left out: tests of live capture, because " + why)
		return
	}
	os.Exit(testenv.Run(m, &program))
}
