package inventory

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

func decimal(n int) string { return strconv.Itoa(n) }

// WriteTable writes servers for people, one a line.
func WriteTable(w io.Writer, list []View) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "SERVER\tPROTOCOL\tPRODUCT\tGRADE\tSTARTTLS\tTLS\tLOGINS IN CLEAR\tACCOUNTS\tCLIENTS\tSESSIONS\tLAST SEEN")
	for i := range list {
		x := &list[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", x.place(), x.Protocol, or(strings.TrimSpace(x.Product+" "+x.Version)), or(x.Grade), or(x.StartTLS),
			or(x.versions()), x.logins(), x.Accounts, x.Clients, x.Sessions, strings.TrimSuffix(strings.Replace(x.LastSeen, "T", " ", 1), "Z"))
	}
	return t.Flush()
}

func or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// place is a server's address and port.
func (x *View) place() string {
	if strings.Contains(x.IP, ":") {
		return "[" + x.IP + "]:" + decimal(x.Port)
	}
	return x.IP + ":" + decimal(x.Port)
}

// versions lists the versions of TLS, the worst first.
func (x *View) versions() string {
	names := make([]string, len(x.TLS))
	for i, v := range x.TLS {
		names[i] = strings.TrimPrefix(v.Version, "TLS ")
	}
	return strings.Join(names, ",")
}

func (x *View) logins() string {
	return fmt.Sprintf("%d (%d accepted)", x.Logins, x.Accepted)
}

// WriteJSON writes servers as JSON lines.
func WriteJSON(w io.Writer, list []View) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range list {
		if err := e.Encode(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// columns are those of the CSV, in order.
var columns = []string{"ip", "port", "protocol", "product", "version", "host", "grade", "starttls", "implicit_tls", "plaintext_login", "logindisabled", "masked",
	"mechanisms", "tls", "suite", "certificate_subject", "certificate_not_after", "certificate_problems", "sessions", "encrypted_sessions", "cleartext_logins",
	"cleartext_logins_accepted", "clients", "accounts", "inside", "country", "asn", "owner", "first_seen", "last_seen", "banner"}

// WriteCSV writes servers with a header, as RFC 4180 has it. A text that a spreadsheet
// would take for a formula gets an apostrophe in front.
func WriteCSV(w io.Writer, list []View) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(columns); err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		cert := x.Certificate
		if cert == nil {
			cert = &CertificateView{}
		}
		row := []string{x.IP, decimal(x.Port), x.Protocol, x.Product, x.Version, x.Host, x.Grade, x.StartTLS, strconv.FormatBool(x.ImplicitTLS), strconv.FormatBool(x.PlaintextLogin),
			strconv.FormatBool(x.LoginDisabled), strconv.FormatBool(x.Masked), strings.Join(x.Mechanisms, " "), x.versions(), x.Suite, cert.Subject, cert.NotAfter,
			strings.Join(cert.Problems, " "), number(x.Sessions), number(x.Encrypted), number(x.Logins), number(x.Accepted), decimal(x.Clients), decimal(x.Accounts),
			strconv.FormatBool(x.Inside), x.Country, asn(x.ASN), x.Owner, x.FirstSeen, x.LastSeen, x.Banner}
		for k := range row {
			row[k] = harmless(row[k])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func asn(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

// harmless keeps a spreadsheet from computing what a server said.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
