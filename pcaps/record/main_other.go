//go:build !linux

// Command record records the captures in pcaps anew. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "record: the captures are recorded on Linux only")
	os.Exit(1)
}
