package table

import (
	"fmt"
	"io"
	"strings"
	"time"

	"cleartap/detectors"
	"cleartap/output"
)

// Summary tells people what was read and found.
type Summary struct {
	Captures  int           // captures read, a rotation set being one
	Files     int           // their files
	Skipped   int           // files of folders that are no captures
	Packets   uint64        // read
	Bytes     uint64        // read from the files, as they are stored
	Flows     uint64        // TCP connections seen
	From, To  time.Time     // packet times; zero when there was no packet
	Took      time.Duration // wall clock
	LeftOut   uint64        // packets that the user's filter left out
	Excepted  uint64        // findings that exceptions of the configuration silenced
	Unread    int           // problems of the input, each told when it was met
	Evicted   uint64        // flows dropped for want of memory
	Cut       uint64        // packets shortened by the snap length
	Lost      uint64        // bytes of mail flows that are missing in the capture
	Forgotten uint64        // sources, accounts and the like that were forgotten for want of memory
	Panics    uint64        // packets that a fault of the program kept from being read
	Interrupt bool          // stopped before the end

	Tally output.Tally // what was found
}

// Print writes the summary.
func (s *Summary) Print(w io.Writer) error {
	var b strings.Builder
	s.read(&b)
	s.found(&b)
	s.missing(&b)
	if s.Interrupt {
		b.WriteString("interrupted: these are the results so far\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// read says what was read.
func (s *Summary) read(b *strings.Builder) {
	fmt.Fprintf(b, "read %s", Count(uint64(s.Files), "file"))
	if s.Captures != s.Files {
		fmt.Fprintf(b, " (%s)", Count(uint64(s.Captures), "capture"))
	}
	fmt.Fprintf(b, ": %s, %s, %s in %s", Count(s.Packets, "packet"), Size(s.Bytes), Count(s.Flows, "TCP flow"), round(s.Took))
	if s.Took > 0 {
		fmt.Fprintf(b, " (%s/s)", Size(uint64(float64(s.Bytes)/s.Took.Seconds())))
	}
	b.WriteByte('\n')
	if !s.From.IsZero() {
		const layout = "2006-01-02 15:04:05Z"
		fmt.Fprintf(b, "packets from %s to %s (%s)\n", s.From.UTC().Format(layout), s.To.UTC().Format(layout), round(s.To.Sub(s.From)))
	}
	if s.Skipped > 0 {
		fmt.Fprintf(b, "%s in the folders skipped: no captures\n", Count(uint64(s.Skipped), "file"))
	}
	if s.LeftOut > 0 {
		fmt.Fprintf(b, "%s left out by the filter\n", Count(s.LeftOut, "packet"))
	}
}

// found says what was found.
func (s *Summary) found(b *strings.Builder) {
	t := &s.Tally
	if t.Logins == 0 {
		b.WriteString("no login without TLS found\n")
	} else {
		fmt.Fprintf(b, "%s without TLS: %s, %s, %s\n", Count(uint64(t.Logins), "login"),
			distinct(t.Accounts(), "account"), distinct(t.Clients(), "client"), distinct(t.Servers(), "server"))
		outcomes(b, t.Outcomes())
	}
	if t.Others > 0 {
		fmt.Fprintf(b, "%s\n", Count(uint64(t.Others), "other finding"))
		t.Rules(func(r *detectors.Rule, n int) {
			fmt.Fprintf(b, "  %-11s  %-*s  %8s\n", r.ID, 50, r.Name, Thousands(uint64(n)))
		})
	}
	if s.Excepted > 0 {
		fmt.Fprintf(b, "%s known: not told because of exceptions in the configuration\n", Count(s.Excepted, "finding"))
	}
	var words []string
	for _, v := range [...]detectors.Severity{detectors.Critical, detectors.High, detectors.Medium, detectors.Low, detectors.Info} {
		if n := t.Severity(v); n > 0 {
			words = append(words, Thousands(uint64(n))+" "+v.String())
		}
	}
	if len(words) > 0 {
		fmt.Fprintf(b, "severity: %s\n", strings.Join(words, ", "))
	}
}

// distinct says how many different things there were.
func distinct(d *output.Distinct, thing string) string {
	n, exact := d.Count()
	if !exact {
		return "more than " + Count(uint64(n), thing)
	}
	return Count(uint64(n), thing)
}

// outcomes writes the logins by protocol, mechanism and outcome.
func outcomes(b *strings.Builder, all []output.Outcomes) {
	wide := len("MECHANISM")
	for i := range all {
		wide = max(wide, len(all[i].Mechanism))
	}
	fmt.Fprintf(b, "  %-11s  %-*s  %8s  %8s  %8s\n", "PROTOCOL", wide, "MECHANISM", "ACCEPTED", "REFUSED", "UNKNOWN")
	for _, o := range all {
		fmt.Fprintf(b, "  %-11s  %-*s  %8d  %8d  %8d\n", o.Protocol, wide, o.Mechanism, o.Accepted, o.Refused, o.Unknown)
	}
}

// missing says what could not be read.
func (s *Summary) missing(b *strings.Builder) {
	if s.Unread > 0 {
		fmt.Fprintf(b, "%s with the input, told above\n", Count(uint64(s.Unread), "problem"))
	}
	if s.Evicted > 0 {
		fmt.Fprintf(b, "%s given up for want of memory: logins in them may be missing (see --max-memory)\n", Count(s.Evicted, "flow"))
	}
	if s.Forgotten > 0 {
		fmt.Fprintf(b, "%s forgotten for want of memory: slow guessing may be missing (see --max-memory)\n", Thousands(s.Forgotten)+" sources or accounts")
	}
	if s.Cut > 0 {
		fmt.Fprintf(b, "%s shortened by the snap length of the capture\n", Count(s.Cut, "packet"))
	}
	if s.Lost > 0 {
		why := "the capture lost packets"
		if s.Cut > 0 {
			why += ", or cut them"
		}
		fmt.Fprintf(b, "%s missing in mail flows: %s\n", Size(s.Lost), why)
	}
	if s.Panics > 0 {
		fmt.Fprintf(b, "%s met a fault of cleartap and cost a flow each: please report it\n", Count(s.Panics, "packet"))
	}
}
