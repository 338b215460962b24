// Package livetest tests the program as it runs on a mirror port: real servers,
// real clients, real interfaces in network namespaces of their own. Its one job is
// tests; its invariant is that nothing of them is left on the machine afterwards.
package livetest
