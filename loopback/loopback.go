// Package loopback says which hosts are this machine itself.
package loopback

import (
	"net/netip"
	"strings"
)

// Host reports whether a host, as it stands in a URL without its port, is this
// machine: localhost, or a loopback address, brackets or none.
func Host(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && Addr(addr) || strings.EqualFold(host, "localhost")
}

// Name is Host, and true for localhost with a dot at its end and the names below
// it. RFC 6761 reserves them
// for this machine, but a resolver may lead them elsewhere: trust none of them.
func Name(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return Host(host) || strings.HasSuffix(host, ".localhost")
}

// Addr reports whether an address is a loopback one, written as IPv6 or not.
func Addr(addr netip.Addr) bool { return addr.Unmap().IsLoopback() }
