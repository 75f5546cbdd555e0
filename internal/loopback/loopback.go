// Package loopback restricts TCP ports of this process to connections from this machine.
package loopback

import (
	"fmt"
	"net"
)

// FreePort returns a TCP port that is free at the moment, for libraries that do not report the port
// they listen on. Another process may take the port before its use.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
