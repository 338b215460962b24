//go:build linux

package lab

import (
	"fmt"
	"time"
)

// Bridge lets the kernel carry frames between client and server from now on, and copies
// for the sensor, with all offloads on, as hosts have them: what TCP hands to a card at
// once crosses in one frame of up to 64 KiB, without checksums. Conditions of the wire have
// no effect any more. The interface of the sensor gets room for such frames.
func (l *Lab) Bridge() error {
	l.Wire.Set(Conditions{Loss: 1}) // it stands aside
	for _, end := range l.ends() {
		cmd := end.h.Command("/usr/sbin/ethtool", "-K", end.name, "rx", "on", "tx", "on", "sg", "on", "tso", "on", "gso", "on", "gro", "on")
		if out, err := end.h.Run(cmd, 10*time.Second); err != nil {
			return fmt.Errorf("ethtool on %s: %w: %s", end.h.Name, err, out)
		}
	}
	if err := l.middle.ip("link add br0 type bridge", "link set br0 up", "link set client master br0", "link set server master br0"); err != nil {
		return err
	}
	for _, end := range []string{"client", "server"} {
		for _, args := range [][]string{
			{"qdisc", "add", "dev", end, "clsact"},
			{"filter", "add", "dev", end, "ingress", "u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror", "dev", "mirror"},
		} {
			if out, err := l.middle.Run(l.middle.Command("/usr/sbin/tc", args...), 10*time.Second); err != nil {
				return fmt.Errorf("tc on %s: %w: %s", l.middle.Name, err, out)
			}
		}
	}
	return nil
}
