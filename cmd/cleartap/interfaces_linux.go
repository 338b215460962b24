package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cleartap/output/table"
)

// kernelSays reads what the kernel tells of an interface, "" if nothing.
func kernelSays(name, file string) string {
	b, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(name), file))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func linkSpeed(name string) string {
	n, err := strconv.Atoi(kernelSays(name, "speed"))
	switch {
	case err != nil || n <= 0:
		return "-"
	case n >= 1000:
		return strconv.Itoa(n/1000) + " Gbit/s"
	}
	return strconv.Itoa(n) + " Mbit/s"
}

func received(name string) string {
	n, err := strconv.ParseUint(kernelSays(name, "statistics/rx_packets"), 10, 64)
	if err != nil {
		return "-"
	}
	return table.Count(n, "packet")
}
