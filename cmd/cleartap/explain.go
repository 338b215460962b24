package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"cleartap/detectors"
	"cleartap/docs"
	"cleartap/internal/config"
)

func explainCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:        "explain",
		Usage:       "tell what a rule means and what to do about it",
		ArgsUsage:   "[RULE]",
		Description: "Without a rule, lists all of them.",
		Action:      func(c *cli.Context) error { return explain(c, std) },
	}
}

func explain(c *cli.Context, std *streams) error {
	switch c.NArg() {
	case 0:
		return listRules(std)
	case 1:
	default:
		return usage("explain: one rule at a time, got %d", c.NArg())
	}
	id := strings.ToUpper(c.Args().First())
	rule, ok := detectors.RuleByID(id)
	if !ok {
		return usage("explain: no rule %q%s", c.Args().First(), hinted(config.Nearest(id, ruleIDs()), "cleartap explain lists them"))
	}
	page, remedy, err := docs.Rule(rule.ID)
	if err != nil {
		return fmt.Errorf("explain: %s has no page in this build", rule.ID)
	}
	text := page + "\n" + remedy
	if isTerminal(std.out) {
		text = readable(text)
	}
	_, err = fmt.Fprint(std.out, text)
	return err
}

func ruleIDs() []string {
	var ids []string
	for _, r := range detectors.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func listRules(std *streams) error {
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	for _, r := range detectors.Rules() {
		fmt.Fprintf(w, "%s\t%s\n", r.ID, r.Name)
	}
	return w.Flush()
}
