package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// dialer returns a function that opens connections which are reset when they are closed, also when
// the process is killed: what was sent and has not arrived is discarded. Otherwise the kernel
// continues to deliver it for minutes. After a network failure a write that was abandoned and
// repeated could then arrive behind later ones, and a velocity key, which has no version, would
// return to an older value. config is nil without TLS.
func dialer(config *tls.Config) func(ctx context.Context, network, addr string) (net.Conn, error) {
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

// resetAtClose has conn reset when it is closed. On an error it closes conn.
func resetAtClose(conn net.Conn) error {
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		_ = conn.Close()
		return fmt.Errorf("have the connection to %s reset when it is closed: %w", conn.RemoteAddr(), err)
	}
	return nil
}
