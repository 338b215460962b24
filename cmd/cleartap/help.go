package main

import (
	"fmt"
	"slices"
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
	exits    []int // the exit codes that the command has, beside those of all
}

// pages holds the help of each command.
var pages = map[string]page{
	"scan": {exits: []int{1, 3, 4, 78, 130}, examples: []string{
		"cleartap scan monday.pcap captures/",
		"cleartap scan --format jsonl --usernames full captures/ > logins.jsonl",
		"zcat big.pcap.gz | cleartap scan --fail-on high -o logins.csv -",
		"tcpdump -i eth1 -U -w - | cleartap scan -",
		"cleartap scan --elasticsearch https://es.example.org:9200 captures/",
	}},
	"live": {exits: []int{1, 4, 78}, examples: []string{
		"sudo cleartap live -i eth1",
		"cleartap live -i eth1 -i tap0+tap1 --suppress 0 --format jsonl > logins.jsonl",
		"cleartap live -c /etc/cleartap/cleartap.yaml",
	}},
	"config": {exits: []int{78}, examples: []string{
		"cleartap config init > cleartap.yaml",
		"cleartap config check cleartap.yaml",
		"cleartap config show -c cleartap.yaml",
	}},
	"inventory": {exits: []int{1, 4, 130}, examples: []string{
		"cleartap inventory captures/",
		"cleartap inventory --db /var/lib/cleartap/inventory.db --format csv",
		"cleartap inventory -f shadowserver captures/ > report.csv",
	}},
	"notify": {exits: []int{1, 4, 130}, examples: []string{
		"cleartap notify captures/",
		"cleartap notify --db /var/lib/cleartap/inventory.db -o notices",
		"cleartap notify --by owner --geoip GeoLite2-ASN.mmdb captures/",
	}},
	"interfaces": {examples: []string{"cleartap interfaces"}},
	"doctor": {exits: []int{1}, examples: []string{
		"sudo cleartap doctor -i eth1",
		"cleartap doctor -c /etc/cleartap/cleartap.yaml --for 1m",
	}},
	"test": {exits: []int{4, 78}, examples: []string{
		"cleartap test output -c /etc/cleartap/cleartap.yaml",
		"cleartap test output --elasticsearch https://es.example.org:9200",
	}},
	"setup": {exits: []int{1}, examples: []string{
		"cleartap setup elasticsearch --dry-run",
		"cleartap setup elasticsearch --elasticsearch https://es.example.org:9200",
		"cleartap setup elasticsearch --elasticsearch URL --create-key es.key",
	}},
	"export": {examples: []string{
		"cleartap export dashboard > cleartap.ndjson",
		"cleartap export role",
		"cleartap export rules --for sigma > cleartap.yml",
	}},
	"spool": {exits: []int{1, 4, 78}, examples: []string{
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

// exitTexts say what an exit code means.
var exitTexts = []struct {
	code int
	text string
}{
	{exitDone, "done"},
	{exitFailed, "no usable result"},
	{exitUsage, "wrong flag or argument"},
	{exitFindings, "findings at or above --fail-on"},
	{exitPartial, "done, but some input was unreadable, cut off or given up, or alerts were not delivered (3 goes first)"},
	{exitConfig, "the configuration is wrong"},
	{exitInterrupted, "interrupted; the results so far were written"},
}

// ownExits are the codes that mean something else, or less, for a command.
var ownExits = map[string]map[int]string{
	"live":      {exitFailed: "it could not begin, or not go on", exitPartial: "stopped, but outputs did not take all that was found"},
	"inventory": {exitPartial: "done, but some input was unreadable or cut off"},
	"notify":    {exitPartial: "done, but some input was unreadable or cut off"},
	"doctor":    {exitFailed: "something keeps the sensor from working"},
	"test":      {exitPartial: "an output did not acknowledge the alert"},
	"setup":     {exitFailed: "it was not, or not all, set up"},
	"spool":     {exitFailed: "there is no spool that can be used so", exitPartial: "alerts are damaged or missing"},
}

// exitHelp lists exit codes: of a command those that it has, of the program all.
func exitHelp(b *strings.Builder, name string, codes []int) {
	b.WriteString("\nEXIT CODES\n")
	for _, e := range exitTexts {
		if name != "" && e.code != exitDone && e.code != exitUsage && !slices.Contains(codes, e.code) {
			continue
		}
		text := e.text
		if own := ownExits[name][e.code]; own != "" {
			text = own
		}
		fmt.Fprintf(b, "  %-5d", e.code)
		wrap(b, text, 7)
	}
}

// commandHelp makes the help of a command: what it does, usage, examples, flags
// by category, exit codes.
func commandHelp(cmd *cli.Command) string {
	var b strings.Builder
	p := pages[cmd.Name]
	title(&b, "cleartap "+cmd.Name, cmd.Usage)
	fmt.Fprintf(&b, "\nUSAGE\n  %s\n", strings.TrimSpace("cleartap "+cmd.Name+" [flags] "+cmd.ArgsUsage))
	if cmd.Description != "" {
		b.WriteByte('\n')
		wrap(&b, cmd.Description, 0)
	}
	b.WriteString("\nEXAMPLES\n")
	for _, e := range p.examples {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	flagHelp(&b, cmd.Flags)
	if p.exits != nil {
		exitHelp(&b, cmd.Name, p.exits)
	}
	return b.String()
}

// title is the first line of a help: the command, and what it does.
func title(b *strings.Builder, name, text string) {
	fmt.Fprintf(b, "%s - ", name)
	wrap(b, text, len(name)+len(" - "))
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
	b.WriteString("\ncleartap COMMAND --help tells the flags of a command.\n")
	exitHelp(&b, "", nil)
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
func wrap(b *strings.Builder, text string, indent int) { hang(b, text, indent, indent) }

// hang is wrap with the first line at column and the others at indent.
func hang(b *strings.Builder, text string, column, indent int) {
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
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
