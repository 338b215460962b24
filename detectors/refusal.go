package detectors

import "cleartap/detectors/syntax"

// NeedsTLS reports whether a server's refusal says that it was made because the
// connection is not secure: the wordings of the common servers, which have no
// code for it. Words inside host names, addresses and URLs do not count, nor does
// "secure" in "less secure apps". text is not kept.
func NeedsTLS(text []byte) bool {
	var before [2]word // the words before the current one, the nearest first
	for len(text) > 0 {
		var token []byte
		token, text = syntax.Word(text)
		if address(token) {
			before = [2]word{}
			continue
		}
		for len(token) > 0 {
			var w []byte
			w, token = letters(token)
			k := classify(w)
			if decides(k, before) {
				return true
			}
			if len(w) > 0 {
				before[1], before[0] = before[0], k
			}
		}
	}
	return false
}

// word is what a word of a refusal means to NeedsTLS.
type word uint8

const (
	other    word = iota
	insecure      // enough by itself: TLS, plaintext, encryption, ...
	secure
	less
	plain
	text
	login
	disabled
	is
	layer
	a
)

// decides reports whether a word, behind the two before it, tells that security is missing.
func decides(k word, before [2]word) bool {
	switch k {
	case insecure:
		return true
	case secure:
		return before[0] != less
	case text: // "plain text"
		return before[0] == plain
	case disabled: // "LOGIN disabled", "login is disabled"
		return before[0] == login || before[0] == is && before[1] == login
	case layer: // Cyrus: "Login only available under a layer"
		return before[0] == a
	}
	return false
}

// classify tells what a word means. The list is small, refusals are rare: no table.
func classify(w []byte) word {
	for _, known := range refusalWords {
		if syntax.Fold(w, known.text) {
			return known.word
		}
	}
	return other
}

var refusalWords = [...]struct {
	text string
	word word
}{
	{"TLS", insecure}, {"SSL", insecure}, {"STARTTLS", insecure}, {"STLS", insecure},
	{"PLAINTEXT", insecure}, {"CLEARTEXT", insecure}, {"INSECURE", insecure}, {"UNSECURE", insecure},
	{"UNSECURED", insecure}, {"NONSECURE", insecure}, {"ENCRYPT", insecure}, {"ENCRYPTED", insecure},
	{"ENCRYPTION", insecure}, {"UNENCRYPTED", insecure}, {"LOGINDISABLED", insecure},
	{"SECURE", secure}, {"SECURED", secure}, {"LESS", less}, {"PLAIN", plain}, {"CLEAR", plain},
	{"TEXT", text}, {"LOGIN", login}, {"LOGINS", login}, {"DISABLED", disabled}, {"IS", is}, {"ARE", is},
	{"LAYER", layer}, {"A", a}, {"SECURITY", a}, {"PROTECTION", a},
}

// letters cuts the first run of letters off token, and what stands before it.
func letters(token []byte) (w, rest []byte) {
	start := 0
	for start < len(token) && !syntax.Letter(token[start]) {
		start++
	}
	end := start
	for end < len(token) && syntax.Letter(token[end]) {
		end++
	}
	return token[start:end], token[end:]
}

// address reports whether token is a URL, a mail address or a host name: it holds
// "://" or "@", or a dot between letters or digits.
func address(token []byte) bool {
	for i, c := range token {
		if c == '@' || c == ':' && i+2 < len(token) && token[i+1] == '/' && token[i+2] == '/' {
			return true
		}
		if c == '.' && i > 0 && i+1 < len(token) && syntax.Alnum(token[i-1]) && syntax.Alnum(token[i+1]) {
			return true
		}
	}
	return false
}
