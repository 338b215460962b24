package detectors

import (
	"slices"
	"strings"
	"testing"
)

func TestMechanismSet(t *testing.T) {
	if len(mechanismList) > 64*len(MechanismSet{}) {
		t.Fatalf("%d mechanisms do not fit", len(mechanismList))
	}
	var s MechanismSet
	if !s.Empty() || s.List() != nil {
		t.Error("the zero set is not empty")
	}
	for i, m := range mechanismList {
		if s.Has(m) || slices.Contains(mechanismList[:i], m) {
			t.Errorf("%s is there twice", m)
		}
		s.Add(m)
		if !s.Has(m) {
			t.Errorf("%s is not there", m)
		}
		if got := MechanismNamed([]byte(strings.ToLower(string(m)))); got != m {
			t.Errorf("%s is read as %s", m, got)
		}
	}
	if !slices.Equal(s.List(), mechanismList[:]) {
		t.Errorf("the list is %q", s.List())
	}
	var odd, all MechanismSet
	odd.Add("X-WHATEVER")
	if !odd.Has(MechUnknown) || MechanismNamed([]byte("X-WHATEVER")) != MechUnknown {
		t.Error("a mechanism of nobody's list is not an unknown one")
	}
	all.Union(odd)
	all.Union(s)
	if all != s {
		t.Error("the union is not the whole")
	}
}
