package all_test

import (
	"slices"
	"strings"
	"testing"

	"cleartap/detectors"
	"cleartap/detectors/all"
	"cleartap/detectors/dialogtest"
)

func TestProtocols(t *testing.T) {
	names, ports := map[string]bool{}, map[uint16]string{}
	for _, p := range all.Protocols() {
		if p.Name == "" || p.Name != strings.ToLower(p.Name) || names[p.Name] {
			t.Errorf("name %q is empty, not lower case, or taken", p.Name)
		}
		names[p.Name] = true
		if p.Claim == nil || p.New == nil || p.New() == nil {
			t.Errorf("%s: no Claim or no New", p)
		}
		if (len(p.Ports) == 0) != p.Layer {
			t.Errorf("%s: %d ports", p, len(p.Ports))
		}
		for _, port := range p.Ports {
			if other, taken := ports[port]; taken || port == 0 {
				t.Errorf("%s: port %d is invalid, or %s has it", p, port, other)
			}
			ports[port] = p.Name
		}
	}
}

// dialogues gives the protocols that are dialogues.
func dialogues() []*detectors.Protocol {
	return slices.DeleteFunc(all.Protocols(), func(p *detectors.Protocol) bool { return p.Layer })
}

// first gives all protocols, the one of a name in front: dialogues are its own.
func first(name string) []*detectors.Protocol {
	list := all.Protocols()
	for i, p := range list {
		if p.Name == name {
			list[0], list[i] = list[i], list[0]
		}
	}
	return list
}

// A dialogue gives the same when all protocols are asked about it.
func TestDialoguesAmongAll(t *testing.T) {
	for _, p := range dialogues() {
		for _, d := range dialogtest.Load(t, "../"+p.Name+"/testdata/*.txt") {
			if d.Others {
				continue
			}
			t.Run(p.Name+"/"+d.Name, func(t *testing.T) { d.Check(t, first(p.Name)...) })
		}
	}
}

// FuzzAll makes random dialogues for all protocols at once.
func FuzzAll(f *testing.F) {
	for _, p := range dialogues() {
		for _, d := range dialogtest.Load(f, "../"+p.Name+"/testdata/*.txt") {
			f.Add(d.Script())
		}
	}
	dialogtest.Fuzz(f, all.Protocols()...)
}
