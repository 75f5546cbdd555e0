package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/beamlytics/streamlytics/config"
)

// answersEndIn bounds the time of answers in progress when the pipeline ends.
const answersEndIn = time.Second

// httpServer answers HTTP while a pipeline runs.
type httpServer struct {
	http   http.Server
	flag   string     // the option that names the address
	addr   string     // where it listens
	served chan error // gets the result of http.Server.Serve
}

// serveHTTP starts a server at the address that a flag gives.
func serveHTTP(flag, addr string, h http.Handler) (*httpServer, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	s := &httpServer{flag: flag, addr: config.Reachable(listener), served: make(chan error, 1)}
	s.http = http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// stop closes the port and waits for answers in progress, up to answersEndIn. It does nothing to a
// nil server.
func (s *httpServer) stop() error {
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), answersEndIn)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // cuts off answers that take too long
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("--%s: serve at %s: %w", s.flag, s.addr, err)
	}
	return nil
}
