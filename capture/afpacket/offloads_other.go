//go:build !linux

package afpacket

// Offloads is not known on this system.
func Offloads(string) []string { return nil }
