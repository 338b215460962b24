package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cleartap/output"
)

// Summary counts what was found and read, for people. Its memory is bounded: of
// accounts, servers and clients it counts maxDistinct each.
type Summary struct {
	Captures  int           // captures read, a rotation set being one
	Files     int           // their files
	Skipped   int           // files of folders that are no captures
	Packets   uint64        // read
	Bytes     uint64        // read from the files, as they are stored
	Flows     uint64        // TCP connections seen
	From, To  time.Time     // packet times; zero when there was no packet
	Took      time.Duration // wall clock
	Unread    int           // problems of the input, each told when it was met
	Evicted   uint64        // flows dropped for want of memory
	Cut       uint64        // packets shortened by the snap length
	Lost      uint64        // bytes of mail flows that are missing in the capture
	Panics    uint64        // packets that a fault of the program kept from being read
	Interrupt bool          // stopped before the end

	logins     int
	others     int
	severities map[string]int
	kinds      map[kind]*outcomes
	accounts   distinct
	servers    distinct
	clients    distinct
}

type kind struct{ protocol, mechanism string }

type outcomes struct{ accepted, refused, unknown int }

const maxDistinct = 100_000

// distinct counts different texts, up to maxDistinct.
type distinct struct {
	seen map[string]struct{}
	more bool
}

func (d *distinct) add(s string) {
	if s == "" {
		return
	}
	if _, ok := d.seen[s]; ok {
		return
	}
	if len(d.seen) >= maxDistinct {
		d.more = true
		return
	}
	if d.seen == nil {
		d.seen = make(map[string]struct{})
	}
	d.seen[strings.Clone(s)] = struct{}{}
}

// of says how many things there are.
func (d *distinct) of(thing string) string {
	s := Count(uint64(len(d.seen)), thing)
	if d.more {
		return "more than " + s
	}
	return s
}

// Add counts an alert.
func (s *Summary) Add(a *output.Alert) {
	if s.severities == nil {
		s.severities, s.kinds = make(map[string]int), make(map[kind]*outcomes)
	}
	s.severities[a.Cleartap.Severity]++
	if a.Cleartap.Auth.Mechanism == "" {
		s.others++
		return
	}
	s.logins++
	k := kind{a.Network.Protocol, a.Cleartap.Auth.Mechanism}
	o := s.kinds[k]
	if o == nil {
		o = new(outcomes)
		s.kinds[k] = o
	}
	switch a.Event.Outcome {
	case "success":
		o.accepted++
	case "failure":
		o.refused++
	default:
		o.unknown++
	}
	s.accounts.add(a.User.Name)
	s.servers.add(hostPort(&a.Destination))
	s.clients.add(a.Source.Address)
}

// Logins is how many logins were counted so far.
func (s *Summary) Logins() int { return s.logins }

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
}

// found says what was found.
func (s *Summary) found(b *strings.Builder) {
	if s.logins == 0 {
		b.WriteString("no login without TLS found\n")
	} else {
		fmt.Fprintf(b, "%s without TLS: %s, %s, %s\n", Count(uint64(s.logins), "login"), s.accounts.of("account"), s.clients.of("client"), s.servers.of("server"))
		s.outcomes(b)
	}
	if s.others > 0 {
		fmt.Fprintf(b, "%s\n", Count(uint64(s.others), "other finding"))
	}
	var words []string
	for _, word := range [...]string{"critical", "high", "medium", "low", "info"} {
		if n := s.severities[word]; n > 0 {
			words = append(words, Thousands(uint64(n))+" "+word)
		}
	}
	if len(words) > 0 {
		fmt.Fprintf(b, "severity: %s\n", strings.Join(words, ", "))
	}
}

// outcomes writes the logins by protocol, mechanism and outcome.
func (s *Summary) outcomes(b *strings.Builder) {
	keys := make([]kind, 0, len(s.kinds))
	for k := range s.kinds {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y kind) int {
		return cmp.Or(cmp.Compare(x.protocol, y.protocol), cmp.Compare(x.mechanism, y.mechanism))
	})
	wide := len("MECHANISM")
	for _, k := range keys {
		wide = max(wide, len(k.mechanism))
	}
	fmt.Fprintf(b, "  %-11s  %-*s  %8s  %8s  %8s\n", "PROTOCOL", wide, "MECHANISM", "ACCEPTED", "REFUSED", "UNKNOWN")
	for _, k := range keys {
		o := s.kinds[k]
		fmt.Fprintf(b, "  %-11s  %-*s  %8d  %8d  %8d\n", k.protocol, wide, k.mechanism, o.accepted, o.refused, o.unknown)
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
	if s.Cut > 0 {
		fmt.Fprintf(b, "%s shortened by the snap length of the capture\n", Count(s.Cut, "packet"))
	}
	if s.Lost > 0 {
		fmt.Fprintf(b, "%s missing in mail flows: the capture lost packets\n", Size(s.Lost))
	}
	if s.Panics > 0 {
		fmt.Fprintf(b, "%s met a fault of cleartap and cost a flow each: please report it\n", Count(s.Panics, "packet"))
	}
}
