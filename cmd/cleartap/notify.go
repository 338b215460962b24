package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"cleartap/internal/inventory"
	"cleartap/output"
)

// notifyCommand writes texts to those who run servers.
func notifyCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:      "notify",
		Usage:     "write notices to those who run the servers seen",
		ArgsUsage: "PATH... (captures; none with --db)",
		Description: "One text for each server, or for each owner of a network: what was seen, since when, how many accounts, what to change on that product, " +
			"how to verify it. It names no account and no client unless --details is given.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Category: categoryOutput, Name: "format", Aliases: []string{"f"}, Usage: "`FORMAT`: markdown or plain (default: markdown)"},
			&cli.StringFlag{Category: categoryOutput, Name: "by", Usage: "one notice for each `WHAT`: server, or owner of the network, which needs --geoip with an ASN file (default: server)"},
			&cli.StringFlag{Category: categoryOutput, Name: "output", Aliases: []string{"o"}, Usage: "write each notice to a file of its own in `DIR`"},
			&cli.BoolFlag{Category: categoryPrivacy, Name: "details", Usage: "name the accounts and clients that were seen"},
			&cli.StringFlag{Category: categoryPrivacy, Name: "usernames", Usage: "`HOW` --details shows user names: auto masks those of failed logins, full, masked, pseudonym, none (default: auto)"},
			&cli.StringFlag{Category: categoryPrivacy, Name: "clients", Usage: "`HOW` --details shows addresses: full, prefix, pseudonym (default: full)"},
			&cli.StringFlag{Category: categoryPrivacy, Name: "pseudonym-key", Usage: "`FILE` with the key of pseudonyms"},
		}, serverFlags()...),
		Action: func(c *cli.Context) error { return notify(c, std) },
	}
}

// notify is the command's action.
func notify(c *cli.Context, std *streams) error {
	format, err := choice(c, "format", "markdown", "markdown", "plain")
	if err != nil {
		return err
	}
	by, err := choice(c, "by", "server", "server", "owner")
	if err != nil {
		return err
	}
	if by == "owner" && len(c.StringSlice("geoip")) == 0 {
		return usage("notify: --by owner needs --geoip with a file that tells the owners of networks")
	}
	var policy *output.Policy
	if c.Bool("details") {
		o := &options{}
		if err := o.readPrivacy(c, std); err != nil {
			return err
		}
		policy = &o.policy
	}
	s, err := readServers(c, std, policy)
	if err != nil {
		return err
	}
	notices := inventory.Notices(s.inventory.Views(s.places), by == "owner")
	for i := range notices {
		if s.details != nil {
			notices[i].Details = s.details.all()
		}
	}
	if err := writeNotices(notices, format == "plain", c.String("output"), std); err != nil {
		return err
	}
	return s.end()
}

// writeNotices writes them to standard output, or each to a file.
func writeNotices(notices []inventory.Notice, plain bool, dir string, std *streams) error {
	if len(notices) == 0 {
		fmt.Fprintln(std.err, "cleartap: there is nothing to notify anybody of")
	}
	for i := range notices {
		if dir != "" {
			path, err := writeNotice(&notices[i], plain, dir)
			if err != nil {
				return &outcome{exitFailed, fmt.Sprintf("write a notice: %s", err)}
			}
			fmt.Fprintln(std.out, path)
			continue
		}
		switch err := notices[i].Write(std.out, plain); {
		case err != nil && brokenPipe(err): // who closed the pipe has seen enough
			return nil
		case err != nil:
			return &outcome{exitFailed, fmt.Sprintf("write a notice: %s", err)}
		}
	}
	return nil
}

// writeNotice writes a notice to a file in dir, which is made if it is not there.
func writeNotice(n *inventory.Notice, plain bool, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	ending := ".md"
	if plain {
		ending = ".txt"
	}
	path := filepath.Join(dir, n.Name()+ending)
	f, err := createPending(path)
	if err != nil {
		return "", err
	}
	if err := n.Write(f, plain); err != nil {
		f.discard()
		return "", err
	}
	return path, f.commit()
}

// all gives what was gathered, sorted.
func (d *details) all() map[inventory.Key]*inventory.Details {
	out := make(map[inventory.Key]*inventory.Details, len(d.servers))
	for k, n := range d.servers {
		out[k] = &inventory.Details{Clients: slices.Sorted(maps.Keys(n.clients)), Accounts: slices.Sorted(maps.Keys(n.accounts))}
	}
	return out
}
