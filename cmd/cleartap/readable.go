package main

import (
	"regexp"
	"strings"
)

// readable lays the Markdown of a rule's page out for a terminal of helpWidth columns:
// paragraphs and items are wrapped, links are their text, a table with two columns becomes
// "key: value" lines, one with more a block for each row. It knows what our pages use.
func readable(page string) string {
	r := &renderer{}
	for line := range strings.SplitSeq(page, "\n") {
		r.line(strings.TrimRight(line, " "))
	}
	r.flush()
	return r.out.String()
}

// renderer holds the paragraph, item or table that is being read.
type renderer struct {
	out    strings.Builder
	text   []string
	bullet string   // of the item, empty for a paragraph
	header []string // of the table
	rows   int      // lines of the table so far
	code   bool     // between fences
}

var (
	mdLink = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
	mdItem = regexp.MustCompile(`^\s*([-*]|[0-9]+\.) +`)
	mdRule = regexp.MustCompile(`^[|: -]+$`)
)

// plain is a text with links as their text, and without the marks of stress. Those of
// code stay: they say where a setting begins and ends.
func plain(s string) string {
	return strings.ReplaceAll(mdLink.ReplaceAllString(s, "$1"), "**", "")
}

func (r *renderer) line(line string) {
	switch {
	case strings.HasPrefix(line, "```"):
		r.flush()
		r.code = !r.code
	case r.code:
		r.out.WriteString("    " + line + "\n")
	case line == "":
		r.flush()
		r.rows = 0
		if !strings.HasSuffix(r.out.String(), "\n\n") && r.out.Len() > 0 {
			r.out.WriteByte('\n')
		}
	case strings.HasPrefix(line, "#"):
		r.flush()
		r.heading(line)
	case strings.HasPrefix(line, "|"):
		r.flush()
		r.row(line)
	case mdItem.MatchString(line):
		r.flush()
		r.bullet = strings.TrimLeft(mdItem.FindString(line), " ")
		r.text = append(r.text, line[len(mdItem.FindString(line)):])
	default:
		r.text = append(r.text, strings.TrimSpace(line))
	}
}

// heading writes a heading of the page in capitals, others as they are.
func (r *renderer) heading(line string) {
	text := plain(strings.TrimLeft(line, "# "))
	if strings.HasPrefix(line, "## ") {
		text = strings.ToUpper(text)
	}
	wrap(&r.out, text, 0)
}

// flush writes the paragraph or item.
func (r *renderer) flush() {
	if len(r.text) == 0 {
		return
	}
	r.out.WriteString(r.bullet)
	wrap(&r.out, plain(strings.Join(r.text, " ")), len(r.bullet))
	r.text, r.bullet = nil, ""
}

// row writes a row of a table under the names of its columns.
func (r *renderer) row(line string) {
	r.rows++
	if mdRule.MatchString(line) && r.rows > 1 {
		return
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = plain(strings.TrimSpace(cells[i]))
	}
	if r.rows == 1 {
		r.header = cells
		return
	}
	r.pair(0, cells[0], strings.Join(cells[1:min(2, len(cells))], ""))
	for i := 2; i < len(cells); i++ {
		name := ""
		if i < len(r.header) {
			name = r.header[i]
		}
		r.pair(2, name, cells[i])
	}
}

// pair writes "key: value"; what does not fit goes below the key.
func (r *renderer) pair(indent int, key, value string) {
	if value == "" {
		return
	}
	if key != "" {
		key += ": "
	}
	r.out.WriteString(strings.Repeat(" ", indent))
	hang(&r.out, key+value, indent, indent+4)
}
