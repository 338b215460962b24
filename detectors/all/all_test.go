package all_test

import (
	"strings"
	"testing"

	"cleartap/detectors/all"
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
		if len(p.Ports) == 0 {
			t.Errorf("%s has no port", p)
		}
		for _, port := range p.Ports {
			if other, taken := ports[port]; taken || port == 0 {
				t.Errorf("%s: port %d is invalid, or %s has it", p, port, other)
			}
			ports[port] = p.Name
		}
	}
}
