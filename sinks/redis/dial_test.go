package redis

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestClosedConnectionsAreReset closes a connection on which Redis owes an answer. What of it is
// still on its way must not arrive: Redis must see a reset, not an orderly end.
func TestClosedConnectionsAreReset(t *testing.T) {
	t.Parallel()
	https := httptest.NewUnstartedServer(nil)
	https.StartTLS()
	defer https.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	for name, encrypted := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			silent, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			cfg := Config{Addrs: []string{silent.Addr().String()}}
			if encrypted {
				cfg.TLS, cfg.CA = true, ca
			}
			client, err := NewClient(cfg)
			if err != nil {
				t.Fatal(err)
			}
			heard, ended, written := make(chan struct{}), make(chan error, 1), make(chan error, 1)
			go func() { ended <- listen(silent, encrypted, https.TLS, func() { close(heard) }) }()
			go func() { written <- client.Set(context.Background(), "key", "value", 0).Err() }()
			select {
			case <-heard:
			case err := <-written:
				t.Fatalf("the client has sent nothing: %v", err)
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the connection ended with %v", err)
			}
			if err := <-written; err == nil {
				t.Error("a server that says nothing let a key be set")
			}
		})
	}
}

// listen takes one connection, calls heard when something has come, answers nothing, and returns
// how it ended; nil is an orderly end.
func listen(l net.Listener, encrypted bool, config *tls.Config, heard func()) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	said := conn
	if encrypted {
		said = tls.Server(conn, config)
	}
	if _, err := said.Read(make([]byte, 1)); err != nil {
		return err
	}
	heard()
	_, err = io.Copy(io.Discard, conn)
	return err
}
