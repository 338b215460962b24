package main

import (
	"fmt"
	"net"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

// interfacesCommand lists what can be listened on.
func interfacesCommand(std *streams) *cli.Command {
	return &cli.Command{
		Name:        "interfaces",
		Usage:       "list the interfaces that can be listened on",
		Description: "A mirror port usually has no address and sees much that it is not the destination of; cleartap doctor -i NAME tells whether it does.",
		Action:      func(c *cli.Context) error { return interfaces(c, std) },
	}
}

func interfaces(c *cli.Context, std *streams) error {
	if c.NArg() > 0 {
		return usage("interfaces: %q: it takes no argument", c.Args().First())
	}
	list, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list interfaces: %w", err)
	}
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tSPEED\tMTU\tRECEIVED\tADDRESSES")
	for _, i := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", printable(i.Name), linkState(&i), linkSpeed(i.Name), i.MTU, received(i.Name), addresses(&i))
	}
	return w.Flush()
}

func linkState(i *net.Interface) string {
	switch {
	case i.Flags&net.FlagUp == 0:
		return "down"
	case i.Flags&net.FlagRunning == 0:
		return "no link"
	case i.Flags&net.FlagLoopback != 0:
		return "loopback"
	}
	return "up"
}

func addresses(i *net.Interface) string {
	list, err := i.Addrs()
	if err != nil || len(list) == 0 {
		return "-"
	}
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}
