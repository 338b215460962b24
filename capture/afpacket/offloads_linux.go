package afpacket

import (
	"golang.org/x/sys/unix"
	"unsafe"
)

// The requests of ETHTOOL_G* that tell of receive offloads (linux/ethtool.h).
var offloads = []struct {
	name    string
	command uint32
}{{"gro", 0x2b}, {"lro", 0x25}}

const flagLRO = 1 << 15

// Offloads names the receive offloads of an interface that are on and put packets
// together before a sensor sees them: gro, lro. Those of hardware that cannot be
// asked are left out.
func Offloads(name string) []string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var on []string
	for _, o := range offloads {
		value := struct{ command, data uint32 }{o.command, 0}
		req := struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			pad  [16]byte
		}{data: unsafe.Pointer(&value)}
		copy(req.name[:unix.IFNAMSIZ-1], name)
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
		if e != 0 || value.data == 0 || o.name == "lro" && value.data&flagLRO == 0 {
			continue
		}
		on = append(on, o.name)
	}
	return on
}
