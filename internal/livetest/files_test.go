//go:build linux

package livetest

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// readAlerts gives what a file of JSON lines tells of clients.
func readAlerts(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var a alert
		if err := json.Unmarshal(in.Bytes(), &a); err != nil {
			t.Fatalf("%s: a line that is not whole: %v", path, err)
		}
		if a.Event.Kind == "alert" && !a.ofServer() {
			out = append(out, a.name())
		}
	}
	return out
}
