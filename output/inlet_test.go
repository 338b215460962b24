package output

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cleartap/capture"
	"cleartap/detectors"
	"cleartap/detectors/secret"
)

// inlets are the texts of an observation that come from the wire as they are: names,
// hosts, what servers say of themselves and what certificates say. Each is cleaned where
// it is parsed.
var inlets = strings.Fields(`Attempt.Identity Attempt.Authzid Attempt.Realm Server.Version Server.Host Server.Text TLS.SNI Oddity.Host TLS.Leaf.Names
TLS.Leaf.Subject TLS.Leaf.Issuer`)

// listed are strings whose values are of closed lists, or computed: product names, names of
// protocols, of suites, of verbs, fingerprints.
var listed = strings.Fields(`Protocol Server.Product TLS.SuiteName TLS.ALPN TLS.JA4 Oddity.Verbs TLS.Leaf.Serial TLS.Leaf.KeyAlgorithm TLS.Leaf.SignatureAlgorithm
TLS.Leaf.MD5 TLS.Leaf.SHA1 TLS.Leaf.SHA256 TLS.Leaf.SHA512`)

// texts walks all of typ and gives the path and type of whatever may hold bytes.
// Interfaces, functions, channels and unsafe pointers would be a way past the walk.
func texts(t *testing.T, path string, typ reflect.Type, seen map[reflect.Type]bool, out map[string]reflect.Type) {
	t.Helper()
	switch typ.Kind() {
	case reflect.String:
		out[path] = typ
	case reflect.Slice, reflect.Array:
		if typ.Elem().Kind() == reflect.Uint8 {
			out[path] = typ
			return
		}
		texts(t, path, typ.Elem(), seen, out)
	case reflect.Pointer:
		texts(t, path, typ.Elem(), seen, out)
	case reflect.Struct:
		if seen[typ] || typ == reflect.TypeFor[netip.AddrPort]() || typ == reflect.TypeFor[netip.Addr]() {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			texts(t, strings.TrimPrefix(path+"."+typ.Field(i).Name, "."), typ.Field(i).Type, seen, out)
		}
		delete(seen, typ)
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Map:
		if typ.PkgPath() != "time" {
			t.Errorf("%s: %s can hold anything", path, typ)
		}
	}
}

// A secret holds nothing of itself: whatever it was made of, two are the same value,
// and no part of its type could hold a byte of it but the mark, which is off.
func TestASecretHoldsNothing(t *testing.T) {
	a, b := secret.Of([]byte("Canary-5ecret")), secret.Of([]byte("another that is longer"))
	if !reflect.DeepEqual(a, b) || fmt.Sprintf("%#v %+v", a, a) != fmt.Sprintf("%#v %+v", b, b) {
		t.Error("two secrets can be told apart")
	}
	for i := range reflect.TypeFor[secret.Secret]().NumField() {
		f := reflect.TypeFor[secret.Secret]().Field(i)
		if f.Name != "seen" && f.Name != "mark" || f.Name == "seen" && f.Type.Kind() != reflect.Bool {
			t.Errorf("%s: a secret has a field that may hold something", f.Name)
		}
	}
}

// fillTexts puts a text of its own into each string below v and gives them by path.
func fillTexts(path string, v reflect.Value, out map[string]string) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			out[path] = fmt.Sprintf("Zq%dCanary", len(out))
			v.SetString(out[path])
		}
	case reflect.Slice:
		if k := v.Type().Elem().Kind(); v.CanSet() && (k == reflect.String || k == reflect.Struct) {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fillTexts(path, v.Index(0), out)
		}
	case reflect.Pointer:
		if v.CanSet() && v.Type().Elem().Kind() == reflect.Struct && v.Type() != reflect.TypeFor[*detectors.Rule]() {
			v.Set(reflect.New(v.Type().Elem()))
			fillTexts(path, v.Elem(), out)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[secret.Secret]() {
			return
		}
		for i := range v.NumField() {
			fillTexts(strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i), out)
		}
	}
}

// Every alert is built from findings whose every text is a canary. What comes out is a
// name, a host or a word of a closed list: nothing else of a finding reaches an alert, a
// server's greeting least of all.
func TestEveryAlertOfCanaries(t *testing.T) {
	reach := map[string]bool{}
	for kind := detectors.Login; kind <= detectors.Fallback; kind++ {
		for _, rule := range detectors.Rules() {
			f := &detectors.Finding{Rule: rule}
			sent := map[string]string{}
			fillTexts("", reflect.ValueOf(f).Elem(), sent)
			f.Kind, f.Attempt.Secret = kind, secret.Of([]byte("Canary-5ecret"))
			f.Flow.Client, f.Flow.Server = netip.MustParseAddrPort("10.1.0.7:40001"), netip.MustParseAddrPort("192.0.2.25:143")
			f.Mark = capture.Mark{Time: 1e18}
			a := Redact(f, Where{Path: "x"}, &Policy{Usernames: UsernamesFull})
			text := string(a.AppendJSON(nil))
			if strings.Contains(text, "Canary-5ecret") {
				t.Fatalf("%s %s: the secret is in the alert", kind, rule.ID)
			}
			for path, canary := range sent {
				reach[path] = reach[path] || strings.Contains(text, canary)
			}
		}
	}
	all := map[string]reflect.Type{}
	texts(t, "", reflect.TypeFor[detectors.Observation](), map[reflect.Type]bool{}, all)
	closed := map[reflect.Type]bool{reflect.TypeFor[detectors.Mechanism](): true, reflect.TypeFor[detectors.Command](): true, reflect.TypeFor[detectors.Class](): true,
		reflect.TypeFor[detectors.Result](): true, reflect.TypeFor[detectors.Reply](): true}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		person := path[:max(0, strings.LastIndexByte(path, '.'))] // the name that an attribute belongs to
		if !closed[all[path]] && !slices.Contains(inlets, path) && !slices.Contains(listed, path) && !slices.Contains(inlets, person) {
			t.Errorf("%s (%s): a new way in: is it a closed list, and could it hold a secret?", path, all[path])
		}
	}
	for _, path := range []string{"Observation.Server.Text", "Observation.Server.Host"} {
		if _, ok := reach[path]; !ok || reach[path] {
			t.Errorf("%s: tried %v, reaches alerts %v", path, ok, reach[path])
		}
	}
	for _, path := range []string{"Observation.Attempt.Identity", "Observation.Attempt.Authzid", "Observation.Attempt.Realm", "Observation.Attempt.Mechanism"} {
		if !reach[path] {
			t.Errorf("%s reaches no alert: nothing was tried", path)
		}
	}
}
