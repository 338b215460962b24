package config

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A secret's file is read up to its bound only: what stands there may have no end.
func TestSecretWithoutEnd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.Write(bytes.Repeat([]byte("x"), maxSecret+1)); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("/dev/fd/%d", r.Fd())
	told := make(chan error, 1)
	go func() {
		_, err := Secret{text: "${file:" + name + "}"}.Read()
		told <- err
	}()
	select {
	case err := <-told:
		if err == nil || !strings.Contains(err.Error(), "this is no secret") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it reads on")
	}
}
