package sasl

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"cleartap/detectors"
)

// canary is the secret of all tests: none of its parts may be in an attempt.
const canary = "Kq4!vZ8#Wm2@Xr6"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// replay runs an exchange. A step is a response of the client as on the wire, or with
// "S:" before it a challenge, or with "R:" a response of a protocol that does not encode.
func replay(x *Exchange, mech string, steps ...string) {
	x.Start([]byte(mech))
	for _, s := range steps {
		switch {
		case strings.HasPrefix(s, "S:"):
			x.Server([]byte(s[2:]))
		case strings.HasPrefix(s, "R:"):
			x.ClientRaw([]byte(s[2:]))
		default:
			x.Client([]byte(s))
		}
	}
}

// noCanary fails when four bytes of a secret, or of an encoding of it, are in the attempt.
func noCanary(t testing.TB, a detectors.Attempt, secret string) {
	t.Helper()
	text := fmt.Sprintf("%q|%q|%q|%s|%s|%s|%v", a.Identity, a.Authzid, a.Realm, a.Command, a.Mechanism, a.Class, a.Secret)
	text += a.Identity + "|" + a.Authzid + "|" + a.Realm
	forms := []string{secret, hex.EncodeToString([]byte(secret)), strings.ReplaceAll(secret, "", "\x00")}
	for pad := range 3 {
		enc := b64(strings.Repeat("\x00", pad) + secret)
		forms = append(forms, enc[(pad*8+5)/6:len(enc)-4])
	}
	for _, f := range forms {
		for i := 0; i+4 <= len(f); i++ {
			if strings.Contains(text, f[i:i+4]) {
				t.Fatalf("%s: a part of the secret is in the attempt", a.Mechanism)
			}
		}
	}
}

// cram computes the answer to a CRAM-MD5 challenge.
func cram(user, password, challenge string) string {
	m := hmac.New(md5.New, []byte(password))
	m.Write([]byte(challenge))
	return user + " " + hex.EncodeToString(m.Sum(nil))
}

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// digestMD5 computes the response value of DIGEST-MD5 with qop auth.
func digestMD5(user, realm, password, nonce, cnonce, uri string) string {
	secret := md5.Sum([]byte(user + ":" + realm + ":" + password))
	a1 := md5hex(string(secret[:]) + ":" + nonce + ":" + cnonce)
	a2 := md5hex("AUTHENTICATE:" + uri)
	return md5hex(a1 + ":" + nonce + ":00000001:" + cnonce + ":auth:" + a2)
}

// scramProof computes the proof of SCRAM-SHA-256 for an n,, header.
func scramProof(password, firstBare, serverFirst, finalBare string, salt []byte, iterations int) string {
	mac := func(key []byte, s string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(s))
		return m.Sum(nil)
	}
	u := mac([]byte(password), string(salt)+"\x00\x00\x00\x01")
	salted := append([]byte(nil), u...)
	for range iterations - 1 {
		u = mac([]byte(password), string(u))
		for i := range salted {
			salted[i] ^= u[i]
		}
	}
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	signature := mac(stored[:], firstBare+","+serverFirst+","+finalBare)
	for i := range key {
		key[i] ^= signature[i]
	}
	return base64.StdEncoding.EncodeToString(key)
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// ntlm3 builds a type 3 message whose payload follows a header of the given length.
type ntlm3 struct {
	lm, nt, domain, user, host, key []byte
	flags                           uint32
	header                          int
}

func (n ntlm3) bytes() []byte {
	if n.header == 0 {
		n.header = 64
	}
	m := make([]byte, n.header)
	copy(m, "NTLMSSP\x00")
	m[8] = 3
	for i, p := range [][]byte{n.lm, n.nt, n.domain, n.user, n.host, n.key} {
		at := 12 + 8*i
		if at+8 > n.header {
			break
		}
		binary.LittleEndian.PutUint16(m[at:], uint16(len(p)))
		binary.LittleEndian.PutUint16(m[at+2:], uint16(len(p)))
		binary.LittleEndian.PutUint32(m[at+4:], uint32(len(m)))
		m = append(m, p...)
	}
	if n.header >= 64 {
		binary.LittleEndian.PutUint32(m[60:], n.flags)
	}
	return m
}

// v2 is an answer of NTLM version 2, made of the canary.
func v2() []byte {
	return []byte(strings.Repeat(canary, 2)[:16] + "\x01\x01" + canary + canary)
}

// v1 is an answer of NTLM version 1, made of the canary.
func v1() []byte { return []byte(strings.Repeat(canary, 2)[:24]) }
