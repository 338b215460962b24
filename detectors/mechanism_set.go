package detectors

import "cleartap/detectors/syntax"

// MechanismSet is a set of mechanisms. Sets are comparable; the zero value is empty.
// A mechanism that nobody listed is in it as MechUnknown.
type MechanismSet [2]uint64

// Add puts a mechanism into the set.
func (s *MechanismSet) Add(m Mechanism) {
	i := mechanismIndex(m)
	s[i/64] |= 1 << (i % 64)
}

// Has reports whether a mechanism is in the set.
func (s MechanismSet) Has(m Mechanism) bool {
	i := mechanismIndex(m)
	return s[i/64]&(1<<(i%64)) != 0
}

// List gives the mechanisms of the set in the order of the catalogue.
func (s MechanismSet) List() []Mechanism {
	var out []Mechanism
	for i, m := range mechanismList {
		if s[i/64]&(1<<(i%64)) != 0 {
			out = append(out, m)
		}
	}
	return out
}

// Union adds all of t.
func (s *MechanismSet) Union(t MechanismSet) {
	s[0] |= t[0]
	s[1] |= t[1]
}

// Empty reports whether nothing is in the set.
func (s MechanismSet) Empty() bool { return s == MechanismSet{} }

// AddList puts the mechanisms of a list on the wire into the set: names, with blanks
// between them.
func (s *MechanismSet) AddList(list []byte) {
	for {
		var name []byte
		if name, list = syntax.Word(list); len(name) == 0 {
			return
		}
		s.Add(MechanismNamed(name))
	}
}

// mechanismIndex finds the place of a mechanism in the list; of one that is not
// there, that of MechUnknown.
func mechanismIndex(m Mechanism) uint {
	for i, known := range mechanismList {
		if known == m {
			return uint(i)
		}
	}
	return 0
}

// MechanismNamed finds the mechanism with a name on the wire, in any case, or MechUnknown.
func MechanismNamed(name []byte) Mechanism {
	for _, m := range mechanismList[1:] {
		if syntax.Fold(name, string(m)) {
			return m
		}
	}
	return MechUnknown
}

// mechanismList is every mechanism, at most 128 of them.
var mechanismList = [...]Mechanism{
	MechUnknown, MechUserPass, MechAPOP, MechLogin, MechPlain, MechPlainClientToken, MechCRAMMD5, MechCRAMSHA1, MechCRAMSHA224, MechCRAMSHA256,
	MechCRAMSHA384, MechCRAMSHA512, MechDigestMD5, MechNTLM, MechNegotiate, MechGSSSPNEGO, MechSPNEGO, MechSPNEGOPlus, MechSCRAMSHA1,
	MechSCRAMSHA1Plus, MechSCRAMSHA224, MechSCRAMSHA224Plus, MechSCRAMSHA256, MechSCRAMSHA256Plus, MechSCRAMSHA384, MechSCRAMSHA384Plus,
	MechSCRAMSHA512, MechSCRAMSHA512Plus, MechSCRAMSHA3512, MechSCRAMSHA3512Plus, MechGSSAPI, MechGS2KRB5, MechGS2KRB5Plus, MechKerberosV4,
	MechKerberosV5, MechXOAUTH, MechXOAUTH2, MechOAuthBearer, MechOAuth10A, MechOTP, MechSKey, MechSecurID, MechExternal, MechAnonymous,
	MechSRP, MechPassDSS, MechECDSA, MechX25519, Mech9798URSA, Mech9798MRSA, Mech9798UDSA, Mech9798MDSA, Mech9798UECDSA, Mech9798MECDSA,
	MechEAPAES128, MechEAPAES128Plus, MechSAML20, MechOpenID20,
}
