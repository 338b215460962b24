package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/internal/geoip"
	"cleartap/internal/inventory"
	"cleartap/internal/sensor"
	"cleartap/output"
)

// inventoryCommand lists the mail servers of captures, or those that a live sensor keeps.
func inventoryCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:      "inventory",
		Usage:     "list the mail servers seen, and how they treat logins",
		ArgsUsage: "PATH... (captures; none with --db)",
		Description: "Shows product, grade, STARTTLS, TLS and certificates of every server at work. Of clients and accounts it has counts only. " +
			"shadowserver writes POP3 and IMAP servers in the 60 columns of its reports, intelmq as events.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Category: categoryOutput, Name: "format", Aliases: []string{"f"}, Usage: "`FORMAT`: table, json, csv, shadowserver, intelmq (default: table on a terminal, else json)"},
		}, serverFlags()...),
		Action: func(c *cli.Context) error { return listServers(c, std) },
	}
}

// serverFlags are the flags of commands that are about servers.
func serverFlags() []cli.Flag {
	list := func(name, usage string) cli.Flag {
		return &cli.StringSliceFlag{Category: categoryInput, Name: name, Usage: usage}
	}
	text := func(category, name, usage string, aliases ...string) cli.Flag {
		return &cli.StringFlag{Category: category, Name: name, Usage: usage, Aliases: aliases}
	}
	return []cli.Flag{
		text(categoryInput, "db", "read the inventory that a live sensor keeps in `FILE`, in place of captures"),
		list("geoip", "look up country, city or owner of servers in `FILE`, in MaxMind's format (repeatable)"),
		text(categoryInput, "ports", "`PORTS` to look at: any, mail, or a list such as mail,8025 (default: any)", "p"),
		text(categoryInput, "merge", "`HOW` files belong together: auto, all or none, as in scan (default: auto)"),
		list("net", "servers and clients in `CIDR` only (repeatable)"),
		list("exclude-net", "nothing with an end in `CIDR` (repeatable)"),
		list("home-net", "`CIDR` that is inside (repeatable; default: private addresses)"),
		text(categoryRun, "jobs", "`N` captures read at a time (default: one per core)", "j"),
		text(categoryRun, "max-memory", "`SIZE` of what may be kept in memory (default: 256MiB)"),
	}
}

// servers is what a command about servers works on.
type servers struct {
	inventory *inventory.Inventory
	places    *geoip.DB
	details   *details // nil unless asked for
	unread    int      // captures, or parts of them, that could not be read
	usable    int
	ended     bool // interrupted
}

// readServers makes the inventory that the flags and arguments ask for.
func readServers(c *cli.Context, std *streams, policy *output.Policy) (*servers, error) {
	o := &options{paths: c.Args().Slice()}
	o.sensor.Protocols = all.Protocols()
	for _, read := range []func(*cli.Context, *streams) error{o.readInput, o.readNets, o.readRun} {
		if err := read(c, std); err != nil {
			return nil, err
		}
	}
	s := &servers{inventory: inventory.New(inventory.Config{HomeNets: o.policy.HomeNets})}
	if policy != nil {
		s.details = newDetails(policy)
	}
	var err error
	if s.places, err = geoip.Open(c.StringSlice("geoip")...); err != nil {
		return nil, usage("--geoip: %s", err)
	}
	db := c.String("db")
	switch {
	case db != "" && len(o.paths) > 0:
		return nil, usage("%s: --db and captures are both given: want one of them", c.Command.Name)
	case db != "" && policy != nil:
		return nil, usage("%s: --details needs captures: an inventory has counts only", c.Command.Name)
	case db != "":
		switch err := inventory.Read(db, s.inventory); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &outcome{exitFailed, fmt.Sprintf("--db %s: no such file; a live sensor makes the one that inventory.path names", db)}
		case errors.Is(err, fs.ErrPermission):
			return nil, &outcome{exitFailed, fmt.Sprintf("--db %s: permission denied: run it as a user who may read the file, such as with sudo", db)}
		case err != nil:
			return nil, &outcome{exitFailed, err.Error()}
		}
		s.usable++
		return s, nil
	}
	if err := checkArguments(c); err != nil {
		return nil, err
	}
	s.scan(c.Context, o, std)
	return s, nil
}

// scan reads captures.
func (s *servers) scan(ctx context.Context, o *options, std *streams) {
	ctx, cancel := patient(ctx, o.paths)
	defer cancel()
	found := capture.Find(o.paths, capture.FindOptions{Merge: o.merge, Stdin: std.in, End: ctx.Done()})
	r := &serverReceiver{servers: s, std: std, ctx: ctx}
	for i := range found.Problems {
		r.Problem(&found.Problems[i])
	}
	r.troubled = false
	sensor.Scan(ctx, o.sensor, found.Captures, r)
	s.ended = ctx.Err() != nil
}

// end says how the command ended.
func (s *servers) end() error {
	switch {
	case s.ended:
		return &outcome{code: exitInterrupted}
	case s.usable == 0 && s.unread == 0:
		return &outcome{exitFailed, "no capture among what was named"}
	case s.usable == 0:
		return &outcome{code: exitFailed}
	case s.unread > 0:
		return &outcome{code: exitPartial}
	}
	return nil
}

// serverReceiver feeds the inventory.
type serverReceiver struct {
	*servers
	std      *streams
	ctx      context.Context // of the scan
	troubled bool
}

// Finding implements sensor.Receiver.
func (r *serverReceiver) Finding(output.Where, *detectors.Finding) {}

// Observation implements sensor.Receiver.
func (r *serverReceiver) Observation(_ output.Where, o *detectors.Observation) {
	r.inventory.Observe(o)
	if r.details != nil {
		r.details.observe(o)
	}
}

// Problem implements sensor.Receiver.
func (r *serverReceiver) Problem(p *capture.Problem) {
	if endedByUser(r.ctx, p) {
		return
	}
	r.unread++
	r.troubled = true
	fmt.Fprintf(r.std.err, "cleartap: %s\n", p)
}

// Done implements sensor.Receiver.
func (r *serverReceiver) Done(_ *capture.Capture, t *sensor.Totals) {
	if t.Packets > t.Decode.UnknownLink || !r.troubled {
		r.usable++
	}
	r.troubled = false
}

// Tick implements sensor.Receiver.
func (r *serverReceiver) Tick(int64) {}

// listServers is the command's action.
func listServers(c *cli.Context, std *streams) error {
	unset := "json"
	if isTerminal(std.out) {
		unset = "table"
	}
	format, err := choice(c, "format", unset, "table", "json", "csv", "shadowserver", "intelmq")
	if err != nil {
		return err
	}
	s, err := readServers(c, std, nil)
	if err != nil {
		return err
	}
	list := s.inventory.Views(s.places)
	switch format {
	case "table":
		err = inventory.WriteTable(std.out, list)
	case "json":
		err = inventory.WriteJSON(std.out, list)
	case "csv":
		err = inventory.WriteCSV(std.out, list)
	case "shadowserver":
		err = inventory.WriteShadowserver(std.out, list)
	case "intelmq":
		err = inventory.WriteIntelMQ(std.out, list, time.Now())
	}
	if err != nil && !brokenPipe(err) { // who closed the pipe has seen enough
		return &outcome{exitFailed, fmt.Sprintf("write the inventory: %s", err)}
	}
	if others := len(list) - reported(list); others > 0 && (format == "shadowserver" || format == "intelmq") {
		fmt.Fprintf(std.err, "cleartap: not in this report: %s of other protocols than POP3 and IMAP\n", count(others, "server"))
	}
	if db := c.String("db"); len(list) == 0 && db != "" {
		fmt.Fprintf(std.err, "cleartap: %s: no server is in it: the sensor has seen none, or not saved yet (inventory.save)\n", printable(db))
	} else if len(list) == 0 && s.usable > 0 && !s.ended {
		fmt.Fprintln(std.err, "cleartap: no mail server was seen: no connection on the ports and networks looked at answered as one; cleartap scan tells how many connections there are")
	}
	return s.end()
}

func reported(list []inventory.View) (n int) {
	for i := range list {
		if list[i].Reported() {
			n++
		}
	}
	return n
}

// details gathers who was seen at which server, for notices that are to say so.
type details struct {
	policy  *output.Policy
	servers map[inventory.Key]*names
}

type names struct{ clients, accounts map[string]bool }

// mostNames is how many clients and accounts of a server are named.
const mostNames = 200

func newDetails(p *output.Policy) *details {
	return &details{policy: p, servers: map[inventory.Key]*names{}}
}

// observe notes who logged in without TLS, as the policy shows it.
func (d *details) observe(o *detectors.Observation) {
	f, ok := detectors.Judge(o)
	if !ok || o.Kind != detectors.Login {
		return
	}
	a := output.Redact(&f, output.Where{}, d.policy)
	k := inventory.KeyOf(o)
	n := d.servers[k]
	if n == nil {
		if len(d.servers) >= inventory.DefaultServers {
			return
		}
		n = &names{map[string]bool{}, map[string]bool{}}
		d.servers[k] = n
	}
	for _, to := range []struct {
		in   map[string]bool
		name string
	}{{n.clients, a.Source.Address}, {n.accounts, strings.TrimSpace(a.User.Name)}} {
		if to.name != "" && len(to.in) < mostNames {
			to.in[to.name] = true
		}
	}
}
