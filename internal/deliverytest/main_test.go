//go:build linux

package deliverytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cleartap/internal/lab"
)

// program is the path of the program under test, built once, as it is released:
// static, without the race detector.
var program string

func TestMain(m *testing.M) {
	if why, ok := lab.Available(); !ok {
		fmt.Println("left out: tests of delivery by a live sensor, because " + why)
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "deliverytest")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "cleartap")
	build := exec.Command("go", "build", "-o", program, "cleartap/cmd/cleartap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// prove reports whether the long forms are asked for.
func prove() bool { return os.Getenv("CLEARTAP_PROVE") != "" }
