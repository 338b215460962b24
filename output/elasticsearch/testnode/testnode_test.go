package testnode

import (
	"testing"
	"time"
)

// A node starts, keeps what it has over a stop, and ends.
func TestNode(t *testing.T) {
	begun := time.Now()
	n, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	t.Logf("up after %v, building included", time.Since(begun))
	if err := n.Do("PUT", "/a/_doc/1?refresh=true", map[string]any{"event": map[string]any{"id": "x"}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	begun = time.Now()
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("up again after %v", time.Since(begun))
	if err := n.WaitReady("a"); err != nil {
		t.Fatal(err)
	}
	if status, answer, err := n.Raw("GET", "/a/_doc/1", nil); err != nil || status != 200 {
		t.Errorf("after a restart: %d %s %v", status, answer, err)
	}
	if _, _, err := n.APIKey("k", nil); err != nil {
		t.Error(err)
	}
}
