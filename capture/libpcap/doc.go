// Package libpcap captures frames live through libpcap, for systems without
// AF_PACKET and for odd devices. It is part of builds with the tag libpcap only,
// since it needs cgo. Its invariant is that of afpacket: an interface that goes
// away costs a gap that is told, and never the sensor.
package libpcap
