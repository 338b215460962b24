package tls

import (
	"sort"
	"strings"
	"sync"

	"cleartap/detectors"
)

type suite struct {
	code uint16
	name string
}

// verdict is what there is to say of a suite.
type verdict struct {
	name     string // with the prefix
	weakness detectors.SuiteWeakness
}

// prefix stands before all names of suites.
const prefix = "TLS_"

// suiteOf names a cipher suite, and says what is wrong with it.
func suiteOf(code uint16) (string, detectors.SuiteWeakness) {
	i := sort.Search(len(suites), func(i int) bool { return suites[i].code >= code })
	if i < len(suites) && suites[i].code == code {
		v := &verdicts()[i]
		return v.name, v.weakness
	}
	const digits = "0123456789ABCDEF"
	return string([]byte{'0', 'x', digits[code>>12], digits[code>>8&15], digits[code>>4&15], digits[code&15]}), 0
}

// verdicts are those of all suites, made when the first is asked for: many a run of the
// program sees no TLS.
var verdicts = sync.OnceValue(func() *[len(suites)]verdict {
	all := new([len(suites)]verdict)
	for i := range suites {
		all[i] = verdict{prefix + suites[i].name, weaknessOf(suites[i].name)}
	}
	return all
})

// weaknessOf reads a suite's name, which says what is wrong with it.
func weaknessOf(name string) (w detectors.SuiteWeakness) {
	has := func(bit detectors.SuiteWeakness, parts ...string) {
		for _, p := range parts {
			if strings.Contains("_"+name+"_", "_"+p+"_") {
				w |= bit
			}
		}
	}
	has(detectors.SuiteNull, "NULL", "SHA256_SHA256", "SHA384_SHA384") // the latter two are TLS 1.3's without encryption (RFC 9150)
	has(detectors.SuiteExport, "EXPORT", "EXPORT1024")
	has(detectors.SuiteAnon, "anon", "DH_anon", "ECDH_anon")
	has(detectors.SuiteRC4, "RC4")
	has(detectors.SuiteDES, "DES", "DES40", "RC2", "IDEA")
	has(detectors.Suite3DES, "3DES")
	if strings.HasPrefix(name, "RSA_") && !strings.HasPrefix(name, "RSA_PSK_") {
		w |= detectors.SuiteStaticRSA
	}
	return w
}

// exchange is a way to agree on keys, as far as ServerKeyExchange shows it.
type exchange uint8

const (
	otherExchange exchange = iota
	ecdhe
	dhe
)

func exchangeOf(name string) exchange {
	switch {
	case strings.HasPrefix(name, "TLS_ECDHE_"), strings.HasPrefix(name, "TLS_ECDH_anon"):
		return ecdhe
	case strings.HasPrefix(name, "TLS_DHE_"), strings.HasPrefix(name, "TLS_DH_anon"):
		return dhe
	}
	return otherExchange
}
