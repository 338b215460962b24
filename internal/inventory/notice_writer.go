package inventory

import (
	"fmt"
	"strings"
)

// writer writes a notice as Markdown, or plainly.
type writer struct {
	strings.Builder
	plain bool
}

func (w *writer) heading(level int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if w.plain {
		fmt.Fprintf(w, "%s\n%s\n\n", text, strings.Repeat([]string{"=", "-"}[level-1], len(text)))
		return
	}
	fmt.Fprintf(w, "%s %s\n\n", strings.Repeat("#", level), text)
}

func (w *writer) paragraph(format string, args ...any) {
	w.WriteString(w.style(fmt.Sprintf(format, args...)) + "\n\n")
}

func (w *writer) item(format string, args ...any) {
	w.WriteString("- " + w.style(fmt.Sprintf(format, args...)) + "\n")
}

// code writes text as it was seen or is to be typed.
func (w *writer) code(text string) string {
	if w.plain {
		return text
	}
	return "`" + strings.ReplaceAll(text, "`", "'") + "`"
}

// style takes Markdown's marks out of a text that is to be plain.
func (w *writer) style(text string) string {
	if w.plain {
		return strings.NewReplacer("`` ", "", " ``", "", "`", "", "**", "").Replace(text)
	}
	return text
}
