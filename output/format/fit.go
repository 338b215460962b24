package format

import (
	"unicode/utf8"

	"cleartap/output"
)

// Encoder appends an alert in some format.
type Encoder func(dst []byte, a *output.Alert) []byte

// Fit appends the alert so that what is appended has at most limit bytes. What does
// not fit loses fields in a fixed order, and then says that it is trimmed. Id,
// rule, addresses, user and outcome stay; only where they alone are too long, the
// user's name loses its end. False: not even that was enough, nothing is appended.
func Fit(dst []byte, a *output.Alert, limit int, encode Encoder) ([]byte, bool) {
	n := len(dst)
	fits := func(a *output.Alert) bool {
		dst = encode(dst[:n], a)
		return len(dst)-n <= limit
	}
	if fits(a) {
		return dst, true
	}
	small := *a
	small.Cleartap.Trimmed = true
	for _, drop := range order {
		drop(&small)
		if fits(&small) {
			return dst, true
		}
	}
	name := small.User.Name
	for name != "" {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-max(last, len(name)/8)]
		for name != "" && !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
		small.User.Name = name + "…"
		if fits(&small) {
			return dst, true
		}
	}
	return dst[:n], false
}

// order is the order in which fields go.
var order = [...]func(a *output.Alert){
	func(a *output.Alert) { a.Message = "" },
	func(a *output.Alert) { a.Threat = output.Threat{} },
	func(a *output.Alert) { a.Related = output.Related{} },
	func(a *output.Alert) {
		a.Observer = output.Observer{Product: a.Observer.Product, Name: a.Observer.Name}
	},
	func(a *output.Alert) { a.Observer = output.Observer{} },
	func(a *output.Alert) { a.Rule = output.Rule{ID: a.Rule.ID, Name: a.Rule.Name, Version: a.Rule.Version} },
	func(a *output.Alert) { a.Rule = output.Rule{ID: a.Rule.ID} },
	func(a *output.Alert) { a.Log = output.Log{} },
	func(a *output.Alert) {
		e := &a.Event
		e.Category, e.Type, e.Start, e.End, e.Created, e.Code, e.Module = nil, nil, "", "", "", "", ""
	},
	func(a *output.Alert) { a.Cleartap.Capture = output.Capture{} },
	func(a *output.Alert) { a.Cleartap.Auth.Authzid, a.Cleartap.Auth.Realm = "", "" },
	func(a *output.Alert) { a.Cleartap.Proxy = output.Proxy{} },
	func(a *output.Alert) { a.TLS = nil },
	func(a *output.Alert) { a.Cleartap.TLS, a.Cleartap.Server = nil, nil },
	func(a *output.Alert) {
		a.Network = output.Network{Protocol: a.Network.Protocol}
		shorten(&a.Source)
		shorten(&a.Destination)
	},
	func(a *output.Alert) {
		a.Cleartap = output.Cleartap{Severity: a.Cleartap.Severity, Trimmed: true, Auth: output.Auth{Result: a.Cleartap.Auth.Result, Mechanism: a.Cleartap.Auth.Mechanism}}
	},
}

// shorten drops what an endpoint says twice.
func shorten(e *output.Endpoint) {
	if e.Address == e.IP {
		e.Address = ""
	}
}
