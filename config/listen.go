package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// ListenAddr returns the host:port to listen on that an option names: host:port, or :port or port
// alone, which are on 127.0.0.1. Port 0 is a free one.
func ListenAddr(value string) (string, error) {
	addr := value
	if !strings.Contains(addr, ":") {
		addr = ":" + addr
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q is neither host:port nor a port", value)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is neither host:port nor a port: %q is not a port from 0 to 65535", value, port)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// Reachable returns the host:port at which a TCP listener is reached from this machine.
func Reachable(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if ok && addr.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(addr.Port))
	}
	return l.Addr().String()
}
