package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/serving"
	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// Run serves signals until ctx is done. Then it ends streams, finishes requests and returns nil.
//
// It starts while Redis is away: a server that only reads has nothing to lose, it recovers by
// itself, and Redis and the server can be started in any order. /readyz has the reason meanwhile.
func Run(ctx context.Context, o Options) error {
	rdb, err := redis.NewClient(o.redis.Config())
	if err != nil {
		return fmt.Errorf("redis at %s: %w", o.redis.Addrs, err)
	}
	defer rdb.Close()
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	signals := api.New(api.Options{Client: serving.NewClient(rdb, nil), Origins: o.allowed, MaxStreams: o.maxStreams})
	info := func() page.Info {
		now := page.Clock{Now: time.Now().UnixMilli(), Speed: 1}
		return page.Info{Mode: "serve", Views: []string{"shop"}, Clock: now}
	}
	server := http.Server{
		Handler:           page.New(page.Source{Info: info}, nil, signals),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // not of streams, which set their own
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    api.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	slog.Info("serving signals at http://"+config.Reachable(listener), "redis", o.redis.Config().String())
	_ = signals.NotReady() // the log has what is wrong with Redis
	select {
	case err = <-served:
		return fmt.Errorf("serve signals at %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	signals.Close()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 8*time.Second)
	defer cancel()
	if server.Shutdown(limited) != nil {
		_ = server.Close() // cuts off requests that take too long
	}
	slog.Info("stopped serving signals")
	return nil
}
