package detectors

// The mechanisms. Those of SASL are named as in the IANA registry or, where they
// are not in it, as servers announce them; detectors/sasl maps wire names to them.
const (
	// MechUserPass is POP3 USER and PASS (RFC 1939 section 7) and NNTP AUTHINFO USER and PASS (RFC 4643 section 2.3).
	MechUserPass Mechanism = "USER/PASS"
	// MechAPOP is POP3 APOP (RFC 1939 section 7).
	MechAPOP Mechanism = "APOP"
	// MechLogin is IMAP's LOGIN command (RFC 9051 section 6.2.3) and the SASL mechanism LOGIN (draft-murchison-sasl-login).
	MechLogin Mechanism = "LOGIN"
	// MechPlain is RFC 4616.
	MechPlain Mechanism = "PLAIN"
	// MechPlainClientToken is Google's PLAIN with a token of the client behind the password.
	MechPlainClientToken Mechanism = "PLAIN-CLIENTTOKEN"
	// MechCRAMMD5 is RFC 2195.
	MechCRAMMD5 Mechanism = "CRAM-MD5"
	// MechCRAMSHA1 is CRAM-MD5's layout with HMAC-SHA-1, as some servers offer it.
	MechCRAMSHA1 Mechanism = "CRAM-SHA1"
	// MechCRAMSHA224 is CRAM-MD5's layout with HMAC-SHA-224.
	MechCRAMSHA224 Mechanism = "CRAM-SHA224"
	// MechCRAMSHA256 is CRAM-MD5's layout with HMAC-SHA-256.
	MechCRAMSHA256 Mechanism = "CRAM-SHA256"
	// MechCRAMSHA384 is CRAM-MD5's layout with HMAC-SHA-384.
	MechCRAMSHA384 Mechanism = "CRAM-SHA384"
	// MechCRAMSHA512 is CRAM-MD5's layout with HMAC-SHA-512.
	MechCRAMSHA512 Mechanism = "CRAM-SHA512"
	// MechDigestMD5 is RFC 2831.
	MechDigestMD5 Mechanism = "DIGEST-MD5"
	// MechNTLM is MS-NLMP carried by SASL.
	MechNTLM Mechanism = "NTLM"
	// MechNegotiate is SPNEGO under the name of its HTTP kin.
	MechNegotiate Mechanism = "NEGOTIATE"
	// MechGSSSPNEGO is SPNEGO (RFC 4178), with Kerberos or NTLM inside.
	MechGSSSPNEGO Mechanism = "GSS-SPNEGO"
	// MechSPNEGO is SPNEGO as a GS2 mechanism (RFC 5801).
	MechSPNEGO Mechanism = "SPNEGO"
	// MechSPNEGOPlus is SPNEGO with channel binding.
	MechSPNEGOPlus Mechanism = "SPNEGO-PLUS"
	// MechSCRAMSHA1 is RFC 5802.
	MechSCRAMSHA1 Mechanism = "SCRAM-SHA-1"
	// MechSCRAMSHA1Plus is RFC 5802 with channel binding.
	MechSCRAMSHA1Plus Mechanism = "SCRAM-SHA-1-PLUS"
	// MechSCRAMSHA224 is SCRAM with SHA-224.
	MechSCRAMSHA224 Mechanism = "SCRAM-SHA-224"
	// MechSCRAMSHA224Plus is SCRAM with SHA-224 and channel binding.
	MechSCRAMSHA224Plus Mechanism = "SCRAM-SHA-224-PLUS"
	// MechSCRAMSHA256 is RFC 7677.
	MechSCRAMSHA256 Mechanism = "SCRAM-SHA-256"
	// MechSCRAMSHA256Plus is RFC 7677 with channel binding.
	MechSCRAMSHA256Plus Mechanism = "SCRAM-SHA-256-PLUS"
	// MechSCRAMSHA384 is SCRAM with SHA-384.
	MechSCRAMSHA384 Mechanism = "SCRAM-SHA-384"
	// MechSCRAMSHA384Plus is SCRAM with SHA-384 and channel binding.
	MechSCRAMSHA384Plus Mechanism = "SCRAM-SHA-384-PLUS"
	// MechSCRAMSHA512 is SCRAM with SHA-512.
	MechSCRAMSHA512 Mechanism = "SCRAM-SHA-512"
	// MechSCRAMSHA512Plus is SCRAM with SHA-512 and channel binding.
	MechSCRAMSHA512Plus Mechanism = "SCRAM-SHA-512-PLUS"
	// MechSCRAMSHA3512 is SCRAM with SHA3-512.
	MechSCRAMSHA3512 Mechanism = "SCRAM-SHA3-512"
	// MechSCRAMSHA3512Plus is SCRAM with SHA3-512 and channel binding.
	MechSCRAMSHA3512Plus Mechanism = "SCRAM-SHA3-512-PLUS"
	// MechGSSAPI is Kerberos 5 (RFC 4752).
	MechGSSAPI Mechanism = "GSSAPI"
	// MechGS2KRB5 is Kerberos 5 (RFC 5801).
	MechGS2KRB5 Mechanism = "GS2-KRB5"
	// MechGS2KRB5Plus is Kerberos 5 with channel binding (RFC 5801).
	MechGS2KRB5Plus Mechanism = "GS2-KRB5-PLUS"
	// MechKerberosV4 is RFC 2222 section 7.1.
	MechKerberosV4 Mechanism = "KERBEROS_V4"
	// MechKerberosV5 is an experimental name in the IANA registry.
	MechKerberosV5 Mechanism = "KERBEROS_V5"
	// MechXOAUTH is Google's mechanism for OAuth 1.0.
	MechXOAUTH Mechanism = "XOAUTH"
	// MechXOAUTH2 is Google's and Microsoft's mechanism for OAuth 2.0.
	MechXOAUTH2 Mechanism = "XOAUTH2"
	// MechOAuthBearer is RFC 7628 section 3.
	MechOAuthBearer Mechanism = "OAUTHBEARER"
	// MechOAuth10A is RFC 7628 with OAuth 1.0a.
	MechOAuth10A Mechanism = "OAUTH10A"
	// MechOTP is RFC 2444.
	MechOTP Mechanism = "OTP"
	// MechSKey is RFC 2222 section 7.3.
	MechSKey Mechanism = "SKEY"
	// MechSecurID is RFC 2808.
	MechSecurID Mechanism = "SECURID"
	// MechExternal is RFC 4422 appendix A.
	MechExternal Mechanism = "EXTERNAL"
	// MechAnonymous is RFC 4505.
	MechAnonymous Mechanism = "ANONYMOUS"
	// MechSRP is draft-burdis-cat-srp-sasl.
	MechSRP Mechanism = "SRP"
	// MechPassDSS is draft-newman-sasl-passdss.
	MechPassDSS Mechanism = "PASSDSS-3DES-1"
	// MechECDSA is the registry's challenge signed with a key on the curve P-256.
	MechECDSA Mechanism = "ECDSA-NIST256P-CHALLENGE"
	// MechX25519 is the registry's challenge by key agreement on Curve25519.
	MechX25519 Mechanism = "ECDH-X25519-CHALLENGE"
	// Mech9798URSA is RFC 3163, unilateral, RSA.
	Mech9798URSA Mechanism = "9798-U-RSA-SHA1-ENC"
	// Mech9798MRSA is RFC 3163, mutual, RSA.
	Mech9798MRSA Mechanism = "9798-M-RSA-SHA1-ENC"
	// Mech9798UDSA is RFC 3163, unilateral, DSA.
	Mech9798UDSA Mechanism = "9798-U-DSA-SHA1"
	// Mech9798MDSA is RFC 3163, mutual, DSA.
	Mech9798MDSA Mechanism = "9798-M-DSA-SHA1"
	// Mech9798UECDSA is RFC 3163, unilateral, ECDSA.
	Mech9798UECDSA Mechanism = "9798-U-ECDSA-SHA1"
	// Mech9798MECDSA is RFC 3163, mutual, ECDSA.
	Mech9798MECDSA Mechanism = "9798-M-ECDSA-SHA1"
	// MechEAPAES128 is RFC 7055.
	MechEAPAES128 Mechanism = "EAP-AES128"
	// MechEAPAES128Plus is RFC 7055 with channel binding.
	MechEAPAES128Plus Mechanism = "EAP-AES128-PLUS"
	// MechSAML20 is RFC 6595: the login itself happens in a browser.
	MechSAML20 Mechanism = "SAML20"
	// MechOpenID20 is RFC 6616: the login itself happens in a browser.
	MechOpenID20 Mechanism = "OPENID20"
	// MechUnknown is any other: what the client called it is not kept.
	MechUnknown Mechanism = "UNKNOWN"
)
