// Package lab runs real mail servers and clients on a network of its own, for
// recordings and for tests. Servers and clients come from unpacked Debian
// packages in a cached root; they live in fresh process, mount, host name and
// network namespaces. Its invariant: the host is never changed, and nothing that
// the lab starts, mounts or connects outlives the process that opened it, however
// that process ends.
package lab
