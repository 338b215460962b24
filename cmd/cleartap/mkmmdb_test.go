package main

import (
	"net"
	"os"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// mkmmdb is a command of the test scripts: mkmmdb OUT NETWORK OWNER COUNTRY writes a file
// in MaxMind's format that knows one network.
func mkmmdb() {
	if len(os.Args) != 5 {
		fatal("usage: mkmmdb OUT NETWORK OWNER COUNTRY")
	}
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		fatal(err)
	}
	_, n, err := net.ParseCIDR(os.Args[2])
	if err != nil {
		fatal(err)
	}
	entry := mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String(os.Args[3]),
		"country": mmdbtype.Map{"iso_code": mmdbtype.String(os.Args[4])}}
	if err := w.Insert(n, entry); err != nil {
		fatal(err)
	}
	out, err := os.Create(os.Args[1])
	if err != nil {
		fatal(err)
	}
	if _, err := w.WriteTo(out); err != nil {
		fatal(err)
	}
	if err := out.Close(); err != nil {
		fatal(err)
	}
}
