package sinks

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// redisDialer makes connections whose end is a reset: what was sent and has not arrived is thrown away, also when the process is killed.
// Otherwise the kernel goes on delivering it for minutes. After a broken network a write that was given up and repeated could
// then come behind later ones, and a velocity key, which has no version, would go back to an older value. config is nil
// without TLS.
func redisDialer(config *tls.Config) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		plain := &net.Dialer{Timeout: dialTimeout}
		if config == nil {
			conn, err := plain.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return conn, resetAtClose(conn)
		}
		conn, err := (&tls.Dialer{NetDialer: plain, Config: config}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return conn, resetAtClose(conn.(*tls.Conn).NetConn())
	}
}

// resetAtClose closes conn where it cannot be set.
func resetAtClose(conn net.Conn) error {
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		_ = conn.Close()
		return fmt.Errorf("have the connection to %s reset when it is closed: %w", conn.RemoteAddr(), err)
	}
	return nil
}
