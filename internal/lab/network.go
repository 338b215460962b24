//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// connect cables the three hosts to the one in the middle. All addresses,
// hardware addresses included, are fixed.
func (l *Lab) connect() error {
	for _, h := range []*Host{l.Client, l.Server, l.Sensor, l.middle} {
		if err := h.quiet(); err != nil {
			return fmt.Errorf("set up the network of %s: %w", h.Name, err)
		}
	}
	links := []struct {
		host *Host
		end  string // in the middle
		mac  int
	}{{l.Client, "client", ClientNode}, {l.Server, "server", OpenNode}, {l.Sensor, "mirror", SensorNode}}
	for i, k := range links {
		cmd := l.middle.Command("/usr/sbin/ip", "link", "add", k.end, "address", fmt.Sprintf("02:80:00:00:01:%02x", i), "type", "veth",
			"peer", "name", "eth0", "address", fmt.Sprintf("02:80:00:00:00:%02x", k.mac), "netns", "/proc/self/fd/3")
		cmd.ExtraFiles = []*os.File{k.host.net}
		if out, err := l.middle.Run(cmd, 10*time.Second); err != nil {
			return fmt.Errorf("cable %s: %w: %s", k.host.Name, err, out)
		}
		// room for tags in the middle; client and server send as much as on any Ethernet
		if err := l.middle.ip("link set " + k.end + " mtu 1600 up"); err != nil {
			return err
		}
		if err := k.host.ip("link set eth0 mtu 1600 up"); err != nil {
			return err
		}
	}
	if err := l.MTU(1500); err != nil {
		return err
	}
	if err := l.offloadsOff(); err != nil {
		return err
	}
	return l.address()
}

// address gives client and server their addresses; the sensor only listens.
func (l *Lab) address() error {
	var client, server []string
	for i := range ClientNodes {
		client = append(client, addresses(ClientNode+i)...)
	}
	for _, n := range []int{OpenNode, StrictNode, PlainNode, CyrusNode, CourierNode, EximNode} {
		server = append(server, addresses(n)...)
	}
	if err := l.Client.ip(client...); err != nil {
		return err
	}
	return l.Server.ip(server...)
}

func addresses(node int) []string {
	return []string{
		fmt.Sprintf("addr add %v/24 dev eth0", IPv4(node)),
		fmt.Sprintf("addr add %v/64 dev eth0 nodad", IPv6(node)),
	}
}

// quiet switches off what would take time or make noise on the wire, before
// there is any interface but lo.
func (h *Host) quiet() error {
	settings := map[string]string{
		"net/ipv6/conf/all/accept_dad": "0", "net/ipv6/conf/default/accept_dad": "0",
		"net/ipv6/conf/default/accept_ra": "0", "net/ipv6/conf/default/router_solicitations": "0",
		"net/ipv4/ip_unprivileged_port_start": "0",
		"net/ipv4/tcp_timestamps":             "1", // 0 is a random offset anyway, 1 is what servers have
	}
	if h.Name == middleName || h.Name == sensorName {
		settings["net/ipv6/conf/default/disable_ipv6"] = "1"
	}
	err := h.Do(func() error {
		for name, value := range settings {
			err := os.WriteFile(filepath.Join(h.world.root, "proc/sys", name), []byte(value), 0o644)
			if err != nil && !os.IsNotExist(err) { // a kernel without IPv6
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.ip("link set lo up")
}

// ip runs commands of ip(8) on the host.
func (h *Host) ip(lines ...string) error {
	cmd := h.Command("/usr/sbin/ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := h.Run(cmd, 10*time.Second); err != nil {
		return fmt.Errorf("ip on %s: %w: %s", h.Name, err, out)
	}
	return nil
}

// linkEnd is one end of a link.
type linkEnd struct {
	h    *Host
	name string
}

func (l *Lab) ends() []linkEnd {
	return []linkEnd{{l.Client, "eth0"}, {l.Server, "eth0"}, {l.Sensor, "eth0"}, {l.middle, "client"}, {l.middle, "server"}, {l.middle, "mirror"}}
}

// offloadsOff makes frames look as on a wire: checksums filled in, no giants.
func (l *Lab) offloadsOff() error {
	for _, end := range l.ends() {
		cmd := end.h.Command("/usr/sbin/ethtool", "-K", end.name, "rx", "off", "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off")
		if out, err := end.h.Run(cmd, 10*time.Second); err != nil {
			return fmt.Errorf("ethtool on %s: %w: %s", end.h.Name, err, out)
		}
	}
	return nil
}

// MTU sets the largest IP packet that client and server send, 1500 at the
// start. IPv6 needs 1280 at least.
func (l *Lab) MTU(n int) error {
	line := fmt.Sprintf("link set eth0 mtu %d", n)
	if err := l.Client.ip(line); err != nil {
		return err
	}
	return l.Server.ip(line)
}
