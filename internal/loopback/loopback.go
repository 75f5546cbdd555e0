// Package loopback closes TCP ports of this process to other machines.
package loopback

import (
	"fmt"
	"net"
)

// FreePort returns a TCP port that nobody listened on a moment ago, for libraries that do not say which port they took.
// Somebody else may take it first.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
