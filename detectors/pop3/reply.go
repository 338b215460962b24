package pop3

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// codes are the response codes that a refusal may begin with, and what they mean.
var codes = [...]struct {
	text   string
	reply  detectors.Reply
	result detectors.Result
}{
	{"[AUTH]", "-ERR [AUTH]", detectors.Failure},               // RFC 3206 section 5
	{"[IN-USE]", "-ERR [IN-USE]", detectors.Success},           // RFC 2449 section 8.1.2: the password was right
	{"[LOGIN-DELAY]", "-ERR [LOGIN-DELAY]", detectors.Unknown}, // RFC 2449 section 8.1.1: before or after the password was looked at
	{"[SYS/TEMP]", "-ERR [SYS/TEMP]", detectors.TempFail},      // RFC 3206 section 4
	{"[SYS/PERM]", "-ERR [SYS/PERM]", detectors.TempFail},      // the same: the server's fault, no guess
	{"[UTF8]", "-ERR [UTF8]", detectors.Failure},               // RFC 6856 section 5
}

// code finds the response code of a refusal, -1 if it has none that is listed.
func code(line []byte) int {
	word, _ := syntax.Word(line[len("-ERR"):])
	for i := range codes {
		if syntax.HasPrefix(word, codes[i].text) {
			return i
		}
	}
	return -1
}

// result is what a reply says about an attempt.
func result(st status, line []byte) detectors.Result {
	if st == accepted {
		return detectors.Success
	}
	if i := code(line); i >= 0 {
		if r := codes[i].result; r != detectors.Failure || !detectors.NeedsTLS(line) {
			return r
		}
	}
	if detectors.NeedsTLS(line) {
		return detectors.RefusedInsecure
	}
	return detectors.Failure
}

// reply is a reply's status, from a closed list.
func reply(st status, line []byte) detectors.Reply {
	if st == accepted {
		return "+OK"
	}
	if i := code(line); i >= 0 {
		return codes[i].reply
	}
	return "-ERR"
}
