package all_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"cleartap/detectors/dialogtest"
)

const secret = "S3cr3t-Canary"

// exchange is a SASL exchange: messages of client and server in turn.
type exchange struct {
	mechanism   string
	serverFirst bool
	messages    []string
	final       string // the server's message that comes with the success, if any
	want        string // identity, and what else is to be told
	rule        string // last three digits, empty if no secret is sent
}

var exchanges = []exchange{
	{"PLAIN", false, []string{"\x00alice\x00" + secret}, "", "alice class=password", "003"},
	{"PLAIN", false, []string{"carol\x00alice\x00" + secret}, "", "alice class=password authzid=carol", "012"},
	{"LOGIN", true, []string{"Username:", "alice", "Password:", secret}, "", "alice class=password", "003"},
	{"XOAUTH2", false, []string{"user=alice\x01auth=Bearer " + secret + "\x01\x01"}, "", "alice class=token", "005"},
	{"OAUTHBEARER", false, []string{"n,a=alice,\x01host=x\x01auth=Bearer " + secret + "\x01\x01"}, "", "alice class=token", "005"},
	{"NTLM", false, []string{"NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2" + zeros(16), "NTLMSSP\x00\x02\x00\x00\x00" + zeros(36), authenticate()}, "", "alice class=hash realm=LAB", "006"},
	{"GSS-SPNEGO", false, []string{"NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2" + zeros(16), "NTLMSSP\x00\x02\x00\x00\x00" + zeros(36), spnego()}, "", "alice class=hash realm=LAB", "006"},
	{"CRAM-MD5", true, []string{"<1.2@mx.example.org>", "alice b913a602c7eda7a495b4e6e7334d3890"}, "", "alice class=hash", "007"},
	{"DIGEST-MD5", true, []string{`realm="lab",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8`,
		`charset=utf-8,username="alice",realm="lab",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",response=d388dad90d4bbd760a152321f2143af7,qop=auth,digest-uri="mail/lab"`},
		"rspauth=ea40f60335c427b5527b84dbabcdfffd", "alice class=hash realm=lab", "007"},
	{"OTP", false, []string{"\x00alice", "otp-md5 123 ke1234 ext", "hex:11d4c147e227c1f1"}, "", "alice", "007"},
	{"SCRAM-SHA-1", false, scram(28, 4096), "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "alice class=hash", "008"},
	{"SCRAM-SHA-256", false, scram(44, 4096), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "alice class=hash", "008"},
	{"SCRAM-SHA-512", false, scram(88, 1000), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "alice class=hash weak", "008"},
	{"SECURID", false, []string{"\x00alice\x00123456\x00"}, "", "alice", "009"},
	{"X-HOUSEMADE", false, []string{"\x00alice\x00" + secret}, "", "alice class=password", "009"},
	{"EXTERNAL", false, []string{"alice"}, "", "alice nosecret", ""},
	{"ANONYMOUS", false, []string{"alice"}, "", "alice nosecret", ""},
	{"GSSAPI", false, []string{"\x60\x06\x06\x04\x2a\x86\x48\x86", "\x6f\x80", "", "\x01\x00\x00\x00", "\x01\x00\x00\x00"}, "", "- class=strong nosecret", ""},
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func scram(proof, iterations int) []string {
	p := strings.Repeat("v0X8", proof/4-1) + "v0X="
	return []string{"n,,n=alice,r=fyko+d2lbbFgONRv", fmt.Sprintf("r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=%d", iterations), "c=biws,r=fyko+d2lbbFgONRv9qkxdawL,p=" + p}
}

// authenticate is NTLM's third message (MS-NLMP section 2.2.1.3), of version 2.
func authenticate() string {
	wide := func(s string) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return b
	}
	head, body := []byte("NTLMSSP\x00\x03\x00\x00\x00"), []byte{}
	for _, field := range [][]byte{bytes.Repeat([]byte{0x11}, 24), bytes.Repeat([]byte{0x5a}, 60), wide("LAB"), wide("alice"), wide("PC1"), nil} {
		head = binary.LittleEndian.AppendUint16(head, uint16(len(field)))
		head = binary.LittleEndian.AppendUint16(head, uint16(len(field)))
		head = binary.LittleEndian.AppendUint32(head, uint32(64+len(body)))
		body = append(body, field...)
	}
	return string(append(append(head, 1, 0, 0, 0), body...))
}

// spnego wraps that into a negTokenResp (RFC 4178 section 4.2.2).
func spnego() string {
	b := authenticate()
	for _, tag := range []byte{0x04, 0xa2, 0x30, 0xa1} {
		b = string([]byte{tag, 0x82, byte(len(b) >> 8), byte(len(b))}) + b
	}
	return b
}

// framing is how a protocol carries exchanges. %s is a message in base64.
type framing struct {
	opening             string
	begin, initial      string // with the mechanism's name; with the initial response behind it
	challenge, response string
	empty               string // a message without content
	success, failure    string
	finalSuccess        string // a success with data; empty: it is one more challenge, with an empty response
	cmd                 string
	plain               string // the rule of passwords
}

var framings = map[string]framing{
	"smtp": {opening: "S: 220 mx ESMTP\nC: EHLO x\nS: 250 AUTH PLAIN\n", begin: "AUTH %s", challenge: "334 %s", response: "%s", success: "235 2.7.0 ok", failure: "535 5.7.8 no", cmd: "AUTH", plain: "003"},
	"lmtp": {opening: "PORT 24\nS: 220 mx LMTP\nC: LHLO x\nS: 250 AUTH PLAIN\n", begin: "AUTH %s", challenge: "334 %s", response: "%s", success: "235 2.7.0 ok", failure: "535 5.7.8 no", cmd: "AUTH", plain: "003"},
	"pop3": {opening: "S: +OK ready\n", begin: "AUTH %s", challenge: "+ %s", response: "%s", success: "+OK in", failure: "-ERR [AUTH] no", cmd: "AUTH", plain: "003"},
	"imap": {opening: "S: * OK ready\n", begin: "a AUTHENTICATE %s", challenge: "+ %s", response: "%s", success: "a OK in", failure: "a NO [AUTHENTICATIONFAILED] no", cmd: "AUTHENTICATE", plain: "003"},
	"managesieve": {opening: "S: \"IMPLEMENTATION\" \"x\"\nS: OK\n", begin: `AUTHENTICATE "%s"`, initial: ` "%s"`, challenge: `"%s"`, response: `"%s"`, success: "OK", failure: `NO "no"`,
		finalSuccess: `OK (SASL "%s")`, cmd: "AUTHENTICATE", plain: "004"},
	"nntp": {opening: "S: 200 news\n", begin: "AUTHINFO SASL %s", challenge: "383 %s", response: "%s", empty: "=", success: "281 ok", failure: "481 no", finalSuccess: "283 %s", plain: "004"},
}

// dialogue writes an exchange in a protocol's words.
func (f *framing) dialogue(x *exchange, initial, accepted bool) string {
	var b strings.Builder
	b.WriteString("# secret: " + secret + "\n" + f.opening)
	if strings.Contains(x.want, " weak") {
		b.WriteString("CLIENT-ONLY skip\n") // the server's side tells that
	}
	line := func(side, format, message string) {
		text := base64.StdEncoding.EncodeToString([]byte(message))
		if text == "" {
			text = f.empty
		}
		fmt.Fprintf(&b, "%s: %s\n", side, fmt.Sprintf(format, text))
	}
	fmt.Fprintf(&b, "C: "+f.begin, x.mechanism)
	messages, server := x.messages, true
	switch {
	case x.serverFirst:
		b.WriteString("\n")
	case initial:
		text := base64.StdEncoding.EncodeToString([]byte(messages[0]))
		if f.initial == "" {
			b.WriteString(" " + text + "\n")
		} else {
			fmt.Fprintf(&b, f.initial+"\n", text)
		}
		messages = messages[1:]
	default:
		b.WriteString("\n")
		line("S", f.challenge, "")
		server = false
	}
	for _, m := range messages {
		if server {
			line("S", f.challenge, m)
		} else {
			line("C", f.response, m)
		}
		server = !server
	}
	result, reply := "failure", f.failure
	if accepted {
		result, reply = "success", f.success
		switch {
		case x.final != "" && f.finalSuccess != "":
			reply = fmt.Sprintf(f.finalSuccess, base64.StdEncoding.EncodeToString([]byte(x.final)))
		case x.final != "":
			line("S", f.challenge, x.final)
			line("C", f.response, "")
		}
	}
	name := x.mechanism
	if name == "X-HOUSEMADE" {
		name = "UNKNOWN"
	}
	identity, rest, _ := strings.Cut(x.want, " ")
	fmt.Fprintf(&b, "S: %s  # want %s %s %s %s", reply, name, identity, result, rest)
	rule := x.rule
	if rule == "003" {
		rule = f.plain
	}
	if rule != "" {
		b.WriteString(" rule=CT-CRED-" + rule)
	}
	if f.cmd != "" {
		b.WriteString(" cmd=" + f.cmd)
	}
	return b.String() + "\n"
}

// Each mechanism is understood in each protocol, with an initial response and without,
// accepted and refused.
func TestEveryMechanismInEveryProtocol(t *testing.T) {
	for protocol, f := range framings {
		for i := range exchanges {
			x := &exchanges[i]
			for _, accepted := range []bool{true, false} {
				name := fmt.Sprintf("%s/%s_%d_%v", protocol, x.mechanism, i, accepted)
				text := f.dialogue(x, accepted, accepted) // refused ones have no initial response
				t.Run(name, func(t *testing.T) {
					d, err := dialogtest.Parse(name, strings.ReplaceAll(text, "rule=", "protocol="+protocol+" rule="))
					if err != nil {
						t.Fatal(err)
					}
					d.Check(t, first(strings.Replace(protocol, "lmtp", "smtp", 1))...)
				})
			}
		}
	}
}
