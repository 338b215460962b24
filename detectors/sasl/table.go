package sasl

import (
	"cleartap/detectors"
	"cleartap/detectors/syntax"
)

// mechanism is one row of the table. It is data, and a function for each side.
type mechanism struct {
	name  detectors.Mechanism
	class detectors.Class // when nothing in the exchange says otherwise
	// respond takes a response of the client. It is not called again once it disclosed a secret.
	respond func(*Exchange, response)
	// challenge takes a challenge, decoded where that was possible; nil where challenges tell nothing.
	challenge func(*Exchange, []byte)
	// counted says that an empty response takes a turn as well.
	counted bool
}

// table is all the mechanisms, the frequent ones first. A new one is one row here.
var table = [...]mechanism{
	{name: detectors.MechPlain, class: detectors.Password, respond: plainResponse},
	{name: detectors.MechLogin, class: detectors.Password, respond: loginResponse, challenge: loginChallenge, counted: true},
	{name: detectors.MechCRAMMD5, class: detectors.Hash, respond: cramResponse},
	{name: detectors.MechXOAUTH2, class: detectors.Token, respond: oauthResponse},
	{name: detectors.MechOAuthBearer, class: detectors.Token, respond: oauthResponse},
	{name: detectors.MechSCRAMSHA256, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA1, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechDigestMD5, class: detectors.Hash, respond: digestResponse},
	{name: detectors.MechNTLM, class: detectors.Hash, respond: ntlmResponse},
	{name: detectors.MechGSSAPI, class: detectors.Strong, respond: negotiateResponse},
	{name: detectors.MechGSSSPNEGO, class: detectors.Strong, respond: negotiateResponse},
	{name: detectors.MechNegotiate, class: detectors.Strong, respond: negotiateResponse},
	{name: detectors.MechSPNEGO, class: detectors.Strong, respond: negotiateResponse},
	{name: detectors.MechSPNEGOPlus, class: detectors.Strong, respond: negotiateResponse},
	{name: detectors.MechGS2KRB5, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechGS2KRB5Plus, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechKerberosV4, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechKerberosV5, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechExternal, class: detectors.Identity, respond: nameResponse},
	{name: detectors.MechAnonymous, class: detectors.Identity, respond: nameResponse},
	{name: detectors.MechSCRAMSHA1Plus, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA224, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA224Plus, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA256Plus, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA384, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA384Plus, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA512, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA512Plus, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA3512, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechSCRAMSHA3512Plus, class: detectors.Hash, respond: scramResponse, challenge: scramChallenge},
	{name: detectors.MechCRAMSHA1, class: detectors.Hash, respond: cramResponse},
	{name: detectors.MechCRAMSHA224, class: detectors.Hash, respond: cramResponse},
	{name: detectors.MechCRAMSHA256, class: detectors.Hash, respond: cramResponse},
	{name: detectors.MechCRAMSHA384, class: detectors.Hash, respond: cramResponse},
	{name: detectors.MechCRAMSHA512, class: detectors.Hash, respond: cramResponse},
	{name: detectors.MechPlainClientToken, class: detectors.Password, respond: plainResponse},
	{name: detectors.MechOAuth10A, class: detectors.Token, respond: oauthResponse},
	{name: detectors.MechXOAUTH, class: detectors.Token, respond: signedResponse},
	{name: detectors.MechOTP, class: detectors.Hash, respond: otpResponse},
	{name: detectors.MechSKey, class: detectors.Hash, respond: otpResponse},
	{name: detectors.MechSecurID, class: detectors.Token, respond: securIDResponse},
	{name: detectors.MechSRP, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechPassDSS, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechECDSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechX25519, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.Mech9798URSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.Mech9798MRSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.Mech9798UDSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.Mech9798MDSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.Mech9798UECDSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.Mech9798MECDSA, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechEAPAES128, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechEAPAES128Plus, class: detectors.Strong, respond: opaqueResponse},
	{name: detectors.MechSAML20, class: detectors.Identity, respond: opaqueResponse},
	{name: detectors.MechOpenID20, class: detectors.Identity, respond: opaqueResponse},
}

// unknown is the row of every other name. Its class is what the responses look like.
var unknown = mechanism{name: detectors.MechUnknown, respond: shapeResponse}

// lookup finds the row of a mechanism name, in any case. Quotes and a capability's
// `AUTH=` before the name are passed over: the name is in what clients copy.
func lookup(name []byte) *mechanism {
	name = unquote(syntax.TrimRight(syntax.TrimLeft(name)))
	if len(name) > len(capability) && equalFold(name[:len(capability)], capability) {
		name = name[len(capability):]
	}
	for i := range table {
		if equalFold(name, string(table[i].name)) {
			return &table[i]
		}
	}
	return &unknown
}

// capability stands before a mechanism's name in IMAP's list of capabilities.
const capability = "AUTH="

// equalFold compares a name on the wire with one in upper case, ASCII only.
func equalFold(name []byte, upper string) bool {
	if len(name) != len(upper) {
		return false
	}
	for i, c := range name {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}
