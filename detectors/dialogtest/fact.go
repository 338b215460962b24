package dialogtest

import (
	"fmt"
	"strings"
	"testing"

	"cleartap/detectors"
)

// fact is an expectation of something other than a login.
type fact struct {
	text string // as Fact writes it
	line int    // of the step that causes it
}

// loginsOf gives what is about logins, and the rest.
func loginsOf(all []seen) (logins, facts []seen) {
	for _, o := range all {
		if o.Kind <= detectors.Conflict {
			logins = append(logins, o)
		} else {
			facts = append(facts, o)
		}
	}
	return logins, facts
}

// compareFacts holds the facts against the dialogue's expectations, if it has any.
// The summary at the end is looked at only where one is expected.
func (d *Dialogue) compareFacts(t *testing.T, got []seen) {
	t.Helper()
	checkAnswers(t, got)
	if len(d.facts) == 0 {
		return
	}
	summary := strings.HasPrefix(d.facts[len(d.facts)-1].text, "ended")
	var texts []string
	var at []seen
	for i := range got {
		if got[i].Kind != detectors.Ended || summary {
			texts, at = append(texts, Fact(&got[i].Observation)), append(at, got[i])
		}
	}
	for i := range max(len(texts), len(d.facts)) {
		switch {
		case i >= len(texts):
			t.Errorf("line %d: missing: %s", d.facts[i].line, d.facts[i].text)
		case i >= len(d.facts):
			t.Errorf("unexpected: %s (line %d)", texts[i], at[i].decidedLine)
		case texts[i] != d.facts[i].text:
			t.Errorf("line %d: got  %s\nwant %s", d.facts[i].line, texts[i], d.facts[i].text)
		case at[i].Kind != detectors.Ended && at[i].secretLine != d.facts[i].line && at[i].decidedLine != d.facts[i].line:
			t.Errorf("line %d: %s: it is of line %d, decided on line %d", d.facts[i].line, texts[i], at[i].secretLine, at[i].decidedLine)
		}
	}
}

// checkAnswers sees to it that an offer has what the server said in its greeting.
func checkAnswers(t *testing.T, got []seen) {
	t.Helper()
	var greeting *detectors.Server
	for i := range got {
		switch o := &got[i].Observation; {
		case o.Kind == detectors.Greeting && o.Server.Source == detectors.FromGreeting:
			greeting = o.Server
		case o.Kind == detectors.Offered && (o.Server == nil) != (greeting == nil), o.Kind == detectors.Offered && greeting != nil && *o.Server != *greeting:
			t.Errorf("line %d: the offer has not the greeting before it", got[i].decidedLine)
		}
	}
}

// Fact writes what an observation other than a login tells, in one line: its kind and
// what is set.
func Fact(o *detectors.Observation) string {
	w := words{o.Kind.String()}
	if s := o.Server; s != nil && o.Kind == detectors.Greeting { // that of an offer was told before
		w.add(s.Source.String(), true)
		w.value("product", s.Product)
		w.value("version", s.Version)
		w.value("host", s.Host)
		w.add("masked", s.Masked)
		if s.Text != "" {
			w = append(w, fmt.Sprintf("%q", s.Text))
		}
	}
	if f := o.Offer; f != nil {
		w.add(f.Source.String(), true)
		w.add("refused", f.Refused)
		w.add("starttls", f.StartTLS)
		w.add("logindisabled", f.LoginDisabled)
		w.add("user", f.UserPass)
		w.add("auth", f.Auth)
		var names []string
		for _, m := range f.Mechanisms.List() {
			names = append(names, string(m))
		}
		w.value("mechanisms", strings.Join(names, ","))
		w.number("masked", f.Masked)
	}
	if u := o.Upgrade; u != nil {
		w.add(u.Result.String(), true)
		w.add("offered", u.Offered)
		w.add("known", u.Known)
		w.add("masked", u.Masked)
	}
	w.tls(o.TLS)
	if x := o.Oddity; x != nil {
		w.add("by "+[]string{"client", "server"}[x.By], o.Kind == detectors.Injection)
		w.value("verbs", strings.Join(x.Verbs, ","))
		w.value("host", x.Host)
		w.add("url", x.URL)
	}
	if s := o.Summary; s != nil {
		w.add("greeted", s.Greeted)
		w.add("asked", s.Asked)
		w.add("starttls", s.StartTLS)
		w.add("tls", s.TLS)
		w.add("required", s.Required)
		w.number("logins", s.Logins)
		w.number("accepted", s.Accepted)
		w.number("probes", s.Probes)
		w.add("mail", s.Mail)
	}
	return strings.Join(w, " ")
}

// words are the words of a fact.
type words []string

func (w *words) add(word string, set bool) {
	if set {
		*w = append(*w, word)
	}
}

func (w *words) value(key, v string) {
	if v != "" {
		*w = append(*w, key+"="+strings.ReplaceAll(v, " ", "_"))
	}
}

func (w *words) number(key string, n int) {
	if n != 0 {
		*w = append(*w, fmt.Sprintf("%s=%d", key, n))
	}
}

func (w *words) tls(t *detectors.TLS) {
	if t == nil {
		return
	}
	w.add("implicit", t.Implicit)
	w.value("offered", t.Offered.String())
	w.value("version", t.Version.String())
	w.value("suite", t.SuiteName)
	w.value("sni", t.SNI)
	w.value("alpn", t.ALPN)
	w.value("ja4", t.JA4)
	w.number("group", int(t.Group))
	w.number("dh", t.DHBits)
	w.add("retried", t.Retried)
	w.add("downgraded", t.Downgraded)
	w.add("resumed", t.Resumed)
	w.number("alert", int(t.Alert))
	w.add("by server", t.AlertBy)
	w.add(t.End.String(), true)
	w.number("chain", t.Chain)
	w.number("faults", int(t.Faults))
	if t.Leaf != nil {
		w.value("subject", t.Leaf.Subject.CommonName)
		w.value("sha256", t.Leaf.SHA256)
	}
}
