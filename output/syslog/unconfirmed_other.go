//go:build !linux

package syslog

import "net"

func unconfirmed(net.Conn) int { return 0 }
func patient(uintptr, int)     {}
func pending(net.Conn) error   { return nil }
