package afpacket

import (
	"fmt"

	"golang.org/x/sys/unix"

	"cleartap/capture"
)

// linkType tells how frames of an interface begin, by its hardware type (ARPHRD_*,
// linux/if_arp.h). Tunnels and TUN devices have no link layer.
func linkType(fd int, name string) (capture.LinkType, error) {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return 0, err
	}
	switch n := req.Uint16(); n {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet, nil
	case unix.ARPHRD_NONE, unix.ARPHRD_PPP, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE, unix.ARPHRD_IP6GRE:
		return capture.LinkRaw, nil
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return capture.LinkRadiotap, nil
	case unix.ARPHRD_IEEE80211:
		return capture.LinkWiFi, nil
	default:
		return 0, fmt.Errorf("hardware type %d is not supported", n)
	}
}
