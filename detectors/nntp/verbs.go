package nntp

import "cleartap/detectors/syntax"

// verb is what a command means to the session.
type verb uint8

const (
	unknownVerb verb = iota
	authinfo
	user     // AUTHINFO USER
	pass     // AUTHINFO PASS
	saslAuth // AUTHINFO SASL
	simple   // AUTHINFO SIMPLE
	post
	ihave
	takeThis
	article // a POST or IHAVE that the server agreed to
	startTLS
	compress
	listGroup
	capabilities
	plain
)

// verbs are the commands of RFC 3977, RFC 2980, RFC 4642, RFC 4643, RFC 4644 and
// RFC 8054.
var verbs = [...]struct {
	name string
	verb verb
	ours bool // nobody else's, for claim
}{
	{"CHECK", plain, false}, {"TAKETHIS", takeThis, true}, {"AUTHINFO", authinfo, true}, {"GROUP", plain, true},
	{"ARTICLE", plain, true}, {"BODY", plain, false}, {"HEAD", plain, false}, {"STAT", plain, false},
	{"OVER", plain, true}, {"XOVER", plain, true}, {"HDR", plain, true}, {"XHDR", plain, true}, {"XPAT", plain, true},
	{"XZVER", plain, true}, {"LISTGROUP", listGroup, true}, {"NEWNEWS", plain, true}, {"NEWGROUPS", plain, true},
	{"CAPABILITIES", capabilities, true}, {"MODE", plain, false}, {"LIST", plain, false}, {"DATE", plain, false},
	{"POST", post, false}, {"IHAVE", ihave, true}, {"NEXT", plain, false}, {"LAST", plain, false}, {"SLAVE", plain, false},
	{"STARTTLS", startTLS, false}, {"COMPRESS", compress, false}, {"XFEATURE", plain, true}, {"XGTITLE", plain, true},
	{"HELP", plain, false}, {"QUIT", plain, false},
}

func lookup(word []byte) verb {
	for i := range verbs {
		if syntax.Fold(word, verbs[i].name) {
			return verbs[i].verb
		}
	}
	return unknownVerb
}
