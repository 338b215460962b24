package formattest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const reference = "../../docs/reference/formats.md"

// Reference demands that the page about formats shows what is written. With
// UPDATE_DOCS set it writes the examples into the page.
func Reference(t *testing.T, examples map[string]string) {
	t.Helper()
	page, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for name, example := range examples {
		begin, end := fmt.Sprintf("<!-- %s -->\n```\n", name), "\n```\n"
		before, rest, ok := strings.Cut(text, begin)
		old, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no place for %s", reference, name)
		}
		if old != example && os.Getenv("UPDATE_DOCS") == "" {
			t.Errorf("%s: the page has\n%s\nnot\n%s", name, old, example)
		}
		text = before + begin + example + end + after
	}
	if text != string(page) && os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(reference, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
