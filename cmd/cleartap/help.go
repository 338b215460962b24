package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpWidth is the width of all help texts, in columns.
const helpWidth = 80

// helpIndent is where the explanation of a flag begins.
const helpIndent = 24

// page is what a command's help says beside its flags.
type page struct {
	examples []string
	exits    bool // list the exit codes
}

// pages holds the help of each command.
var pages = map[string]page{
	"scan": {exits: true, examples: []string{
		"cleartap scan monday.pcap captures/",
		"cleartap scan --format jsonl --usernames full captures/ > logins.jsonl",
		"zcat big.pcap.gz | cleartap scan --fail-on high -o logins.csv -",
		"cleartap scan --elasticsearch https://es.example.org:9200 captures/",
	}},
	"live": {exits: true, examples: []string{
		"sudo cleartap live -i eth1",
		"cleartap live -i eth1 -i tap0+tap1 --suppress 0 --format jsonl > logins.jsonl",
		"cleartap live -c /etc/cleartap/cleartap.yaml",
	}},
	"config": {examples: []string{
		"cleartap config init > cleartap.yaml",
		"cleartap config check cleartap.yaml",
		"cleartap config show -c cleartap.yaml",
	}},
	"inventory": {exits: true, examples: []string{
		"cleartap inventory captures/",
		"cleartap inventory --db /var/lib/cleartap/inventory.db --format csv",
		"cleartap inventory -f shadowserver captures/ > report.csv",
	}},
	"notify": {exits: true, examples: []string{
		"cleartap notify captures/",
		"cleartap notify --db /var/lib/cleartap/inventory.db -o notices",
		"cleartap notify --by owner --geoip GeoLite2-ASN.mmdb captures/",
	}},
	"interfaces": {examples: []string{"cleartap interfaces"}},
	"doctor": {exits: true, examples: []string{
		"sudo cleartap doctor -i eth1",
		"cleartap doctor -c /etc/cleartap/cleartap.yaml --for 1m",
	}},
	"test": {exits: true, examples: []string{
		"cleartap test output -c /etc/cleartap/cleartap.yaml",
		"cleartap test output --elasticsearch https://es.example.org:9200",
	}},
	"setup": {examples: []string{
		"cleartap setup elasticsearch --dry-run",
		"cleartap setup elasticsearch --elasticsearch https://es.example.org:9200",
		"cleartap setup elasticsearch --elasticsearch URL --create-key es.key",
	}},
	"export": {examples: []string{
		"cleartap export dashboard > cleartap.ndjson",
		"cleartap export role",
		"cleartap export rules --for sigma > cleartap.yml",
	}},
	"spool": {examples: []string{
		"sudo cleartap spool status",
		"sudo cleartap spool verify /var/lib/cleartap/spool",
		"sudo cleartap spool replay --sink elasticsearch --from 1200",
	}},
	"explain": {examples: []string{
		"cleartap explain",
		"cleartap explain CT-CRED-002",
		"cleartap explain CT-CRED-010 | less",
	}},
	"version": {examples: []string{"cleartap version"}},
}

const exitCodes = `EXIT CODES
  0    done
  1    no usable result
  2    wrong flag or argument
  3    findings at or above --fail-on
  4    done, but some input was unreadable, cut off or given up, or alerts were
       not delivered (3 goes first)
  78   the configuration is wrong
  130  interrupted; the results so far were written
`

// commandHelp makes the help of a command: what it does, usage, examples, flags
// by category, exit codes.
func commandHelp(cmd *cli.Command) string {
	var b strings.Builder
	p := pages[cmd.Name]
	fmt.Fprintf(&b, "cleartap %s - %s\n\nUSAGE\n  %s\n", cmd.Name, cmd.Usage, strings.TrimSpace("cleartap "+cmd.Name+" [flags] "+cmd.ArgsUsage))
	if cmd.Description != "" {
		b.WriteByte('\n')
		wrap(&b, cmd.Description, 0)
	}
	b.WriteString("\nEXAMPLES\n")
	for _, e := range p.examples {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	flagHelp(&b, cmd.Flags)
	if p.exits {
		b.WriteString("\n" + exitCodes)
	}
	return b.String()
}

func appHelp(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cleartap - %s\n\nUSAGE\n  %s\n\nEXAMPLES\n", app.Usage, app.UsageText)
	for _, e := range pages["scan"].examples {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	b.WriteString("\nCOMMANDS\n")
	for _, cmd := range app.Commands {
		fmt.Fprintf(&b, "  %-*s", helpIndent-2, cmd.Name)
		wrap(&b, cmd.Usage, helpIndent)
	}
	b.WriteString("\ncleartap COMMAND --help tells the flags of a command.\n\n" + exitCodes)
	return b.String()
}

// flagHelp lists flags under their categories, in the order of their first flag.
func flagHelp(b *strings.Builder, flags []cli.Flag) {
	var order []string
	of := map[string][]cli.DocGenerationFlag{}
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		category := "Flags"
		if cf, ok := f.(cli.CategorizableFlag); ok && cf.GetCategory() != "" {
			category = cf.GetCategory()
		}
		if of[category] == nil {
			order = append(order, category)
		}
		of[category] = append(of[category], d)
	}
	for _, category := range order {
		fmt.Fprintf(b, "\n%s\n", strings.ToUpper(category))
		for _, f := range of[category] {
			oneFlag(b, f)
		}
	}
}

func oneFlag(b *strings.Builder, f cli.DocGenerationFlag) {
	var names []string
	for _, n := range f.(cli.Flag).Names() {
		names = append(names, dashed(n))
	}
	text := f.GetUsage()
	if f.TakesValue() {
		var value string
		value, text = unquote(text)
		names[len(names)-1] += " " + value
	}
	head := "  " + strings.Join(names, ", ")
	if len(head) > helpIndent-2 {
		fmt.Fprintf(b, "%s\n%*s", head, helpIndent, "")
	} else {
		fmt.Fprintf(b, "%-*s", helpIndent, head)
	}
	wrap(b, text, helpIndent)
}

// unquote takes the name of a flag's value, which is in back quotes, out of its usage.
func unquote(text string) (value, rest string) {
	_, after, ok := strings.Cut(text, "`")
	if !ok {
		return "VALUE", text
	}
	value, _, _ = strings.Cut(after, "`")
	return value, strings.ReplaceAll(text, "`", "")
}

// wrap writes text from the present column, which is indent, in lines of at
// most helpWidth columns.
func wrap(b *strings.Builder, text string, indent int) {
	column := indent
	for _, word := range strings.Fields(text) {
		switch {
		case column == indent:
		case column+1+len(word) > helpWidth:
			fmt.Fprintf(b, "\n%*s", indent, "")
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteByte('\n')
}
