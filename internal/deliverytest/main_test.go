//go:build linux

package deliverytest

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
	if why, ok := lab.Available(); !ok {
		fmt.Println("left out: tests of delivery by a live sensor, because " + why)
		return
	}
	os.Exit(testenv.Run(m, &program))
}

// prove reports whether the long forms are asked for.
func prove() bool { return os.Getenv("CLEARTAP_PROVE") != "" }
