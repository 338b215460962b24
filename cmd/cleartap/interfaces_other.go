//go:build !linux

package main

func linkSpeed(string) string { return "-" }
func received(string) string  { return "-" }
