package smtp

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// outcome tells what a final reply to AUTH means (RFC 4954 section 6, RFC 5248, RFC
// 5321), and whether there was an attempt at all.
func outcome(code int, r reply) (result detectors.Result, attempt bool) {
	switch {
	case code/100 == 2:
		return detectors.Success, true
	case code == 432: // the password was right, but must be set anew
		return detectors.Success, true
	case code == 523, code == 530, code == 538:
		return detectors.RefusedInsecure, true
	case code/100 == 4:
		return detectors.TempFail, true
	case r.insecure:
		return detectors.RefusedInsecure, true
	case r.status == "501 5.5.4" && !r.garbled:
		// Cyrus says "undefined error" so for any login that it refuses; bad base64
		// and `*` are 5.5.2 and 5.7.0 elsewhere, but for Sendmail's "cannot decode".
		return detectors.Failure, true
	case code == 500, code == 501, code == 502:
		return detectors.Aborted, true
	case code == 503:
		return "", false
	case code/100 == 5:
		return detectors.Failure, true
	}
	return detectors.Unknown, true
}

// status gives the Reply for a code and the text behind it: the basic code, with
// the enhanced code (RFC 3463) where the pair is known, or nothing.
func status(code int, text []byte) detectors.Reply {
	word, _ := syntax.Word(text)
	var bare detectors.Reply
	for i := range statuses {
		s := &statuses[i]
		if s.code != code {
			continue
		}
		if s.enhanced == "" {
			bare = s.reply
		} else if string(word) == s.enhanced {
			return s.reply
		}
	}
	return bare
}

// statuses is the closed list of replies: codes of RFC 5321, RFC 4954 and the
// registry of RFC 5248, and the enhanced codes that servers give with them.
var statuses = [...]struct {
	code     int
	enhanced string
	reply    detectors.Reply
}{
	{235, "", "235"}, {235, "2.7.0", "235 2.7.0"}, {235, "2.0.0", "235 2.0.0"},
	{250, "", "250"},
	{421, "", "421"}, {421, "4.7.0", "421 4.7.0"}, {421, "4.4.2", "421 4.4.2"}, {421, "4.3.2", "421 4.3.2"}, {421, "4.3.0", "421 4.3.0"},
	{432, "", "432"}, {432, "4.7.12", "432 4.7.12"},
	{450, "", "450"}, {451, "", "451"}, {451, "4.3.0", "451 4.3.0"}, {451, "4.7.0", "451 4.7.0"}, {452, "", "452"},
	{454, "", "454"}, {454, "4.7.0", "454 4.7.0"}, {454, "4.3.0", "454 4.3.0"},
	{500, "", "500"}, {500, "5.5.1", "500 5.5.1"}, {500, "5.5.2", "500 5.5.2"}, {500, "5.5.6", "500 5.5.6"},
	{501, "", "501"}, {501, "5.5.1", "501 5.5.1"}, {501, "5.5.2", "501 5.5.2"}, {501, "5.5.4", "501 5.5.4"}, {501, "5.7.0", "501 5.7.0"},
	{502, "", "502"}, {502, "5.5.1", "502 5.5.1"}, {502, "5.5.2", "502 5.5.2"}, {502, "5.7.0", "502 5.7.0"},
	{503, "", "503"}, {503, "5.5.1", "503 5.5.1"}, {503, "5.5.2", "503 5.5.2"}, {503, "5.7.0", "503 5.7.0"},
	{504, "", "504"}, {504, "5.5.4", "504 5.5.4"}, {504, "5.7.4", "504 5.7.4"}, {504, "5.7.0", "504 5.7.0"},
	{523, "", "523"}, {523, "5.7.10", "523 5.7.10"},
	{525, "", "525"}, {525, "5.7.13", "525 5.7.13"},
	{530, "", "530"}, {530, "5.7.0", "530 5.7.0"}, {530, "5.7.1", "530 5.7.1"}, {530, "5.7.57", "530 5.7.57"},
	{534, "", "534"}, {534, "5.7.9", "534 5.7.9"}, {534, "5.7.14", "534 5.7.14"},
	{535, "", "535"}, {535, "5.7.8", "535 5.7.8"}, {535, "5.7.3", "535 5.7.3"}, {535, "5.7.0", "535 5.7.0"},
	{535, "5.7.1", "535 5.7.1"}, {535, "5.7.9", "535 5.7.9"}, {535, "5.7.11", "535 5.7.11"}, {535, "5.7.139", "535 5.7.139"}, {535, "5.5.4", "535 5.5.4"},
	{538, "", "538"}, {538, "5.7.11", "538 5.7.11"}, {538, "5.7.1", "538 5.7.1"},
	{550, "", "550"}, {550, "5.7.0", "550 5.7.0"}, {550, "5.7.1", "550 5.7.1"},
	{553, "", "553"}, {553, "5.7.1", "553 5.7.1"},
	{554, "", "554"}, {554, "5.7.0", "554 5.7.0"}, {554, "5.7.1", "554 5.7.1"}, {554, "5.7.8", "554 5.7.8"},
	{571, "", "571"},
}
