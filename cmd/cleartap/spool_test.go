package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cleartap/output/spool"
)

// makeSpool is a command of the scripts: makespool FOLDER.
func makeSpool(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: makespool FOLDER")
	}
	ts.Check(os.Chmod(ts.MkAbs("."), 0o700)) // a parent where all may write is refused
	if loose := ts.MkAbs("loose"); exists(loose) {
		ts.Check(os.Chmod(loose, 0o755))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := spool.Open(spool.Config{Dir: ts.MkAbs(args[0]), Readers: []string{"es", "siem"}, MaxBytes: 1 << 20, SegmentBytes: 4096, SyncRecords: 10})
	ts.Check(err)
	for n := 1; n <= 30; n++ {
		x := "plain"
		if n%3 == 1 {
			x = "a\u202eb"
		}
		s.Append(fmt.Appendf(nil, `{"event":{"id":"ID%d"},"n":%d,"x":"%s"}`, n, n, x), n%5 == 0)
	}
	ts.Check(s.Flush(ctx))
	r, err := s.Reader("es")
	ts.Check(err)
	out, err := r.Next(ctx, 10)
	ts.Check(err)
	r.DeadLetter("ID1", "400", "document_parsing_exception")
	r.DeadLetter("ID2", "400", "document_parsing_exception")
	ts.Check(r.Done(out[len(out)-1].Seq))
	ts.Check(s.Close(ctx))
}

// damageSpool is a command of the scripts: damage FOLDER. It changes a byte of the second alert.
func damageSpool(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FOLDER")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.seg"))
	ts.Check(err)
	content, err := os.ReadFile(files[0])
	ts.Check(err)
	content[bytes.Index(content, []byte(`"ID2"`))] ^= 1
	ts.Check(os.WriteFile(files[0], content, 0o600))
}

// What is escaped is the same JSON, and nothing in it steers a terminal.
func TestSteady(t *testing.T) {
	for _, text := range []string{"plain", "Müller", "a\u202eb", "\u009b31m", "\U000e0041", "日本", "\u007f", "a\u2028b", "\x1b[31m"} {
		p, err := json.Marshal(map[string]string{"a": text})
		if err != nil {
			t.Fatal(err)
		}
		p = append(p[:1], append([]byte("\n\t"), p[1:]...)...)
		var got map[string]string
		out := steady(p)
		if err := json.Unmarshal(out, &got); err != nil || got["a"] != text {
			t.Errorf("%q: %s, %v", text, out, err)
		}
		for _, r := range string(out) {
			if r < 0x20 || r >= 0x7f && r <= 0x9f || r == '\u202e' || r > 0xffff {
				t.Errorf("%q: %q", text, out)
			}
		}
	}
}
