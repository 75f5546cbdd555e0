package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/serving"
	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// PageAddr returns the address at which the page is served, or nothing until Run listens there.
func (p *Pipeline) PageAddr() string {
	if addr := p.pageAddr.Load(); addr != nil {
		return *addr
	}
	return ""
}

// pageServer is the server of the page, with what it reads.
type pageServer struct {
	http    *httpServer
	signals *api.Server
	redis   goredis.UniversalClient
}

// servePage serves the page at --ui_addr. It returns nil when there is no address.
func (p *Pipeline) servePage() (_ *pageServer, err error) {
	if p.options.UIAddr == "" {
		return nil, nil
	}
	addr, err := config.ListenAddr(p.options.UIAddr)
	if err != nil {
		return nil, fmt.Errorf("--ui_addr: %w", err)
	}
	var s pageServer
	if s.redis, err = redis.NewClient(p.options.Redis.Config()); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	now := func() time.Time { return time.UnixMilli(p.plan.clock.NowMs()) }
	s.signals = api.New(api.Options{Client: serving.NewClient(s.redis, now), MaxStreams: pageStreams})
	if s.http, err = serveHTTP("ui_addr", addr, page.New(p.pageSource(), p.Demo, s.signals)); err != nil {
		return nil, errors.Join(err, s.redis.Close())
	}
	p.pageAddr.Store(&s.http.addr)
	slog.Info("serving the page at http://" + s.http.addr + "/")
	return &s, nil
}

// pageStreams is the most streams of signals that the page's server has open at once.
const pageStreams = 200

// stop ends the streams and the server. It does nothing to a nil server.
func (s *pageServer) stop() error {
	if s == nil {
		return nil
	}
	s.signals.Close()
	return errors.Join(s.http.stop(), s.redis.Close())
}

func (p *Pipeline) pageSource() page.Source {
	v := p.options.Velocity
	var recent recentLatency
	return page.Source{
		Info: p.pageInfo,
		Flow: func() page.Flow {
			f := p.pageFlow()
			f.LatencyMs = recent.at(time.Now(), p.StockLatency)
			return f
		},
		History:  p.env.History,
		Clock:    p.plan.clock,
		Weights:  page.Weights{Views: v.WeightView, CartAdds: v.WeightCartAdd, Units: v.WeightUnit},
		Horizon:  p.options.LedgerHorizon.Milliseconds(),
		Restored: p.restored.Load,
	}
}

func (p *Pipeline) pageInfo() page.Info {
	info := page.Info{Mode: "pipeline", Views: []string{"flow", "shop", "product", "badges", "deadletters"},
		Pipeline: p.id, Clock: page.Clock{Now: p.plan.clock.NowMs(), Speed: p.options.ClockSpeed},
		HistoryMB: p.options.UIHistoryMB, Inputs: map[string]string{}, Outputs: p.outputs()}
	if p.Demo != nil {
		info.Mode = "demo"
	}
	for _, s := range p.plan.subscriptions {
		info.Inputs[s.Channel.String()] = s.Name
	}
	if files := p.inputs(0)[len(p.plan.subscriptions):]; len(files) > 0 {
		info.Inputs[event.FILE.String()] = strings.Join(files, ", ")
	}
	return info
}

func (p *Pipeline) pageFlow() page.Flow {
	s, m, added := p.Summary(), p.env.Metrics, p.env.History.Counts()
	f := page.Flow{Now: p.plan.clock.NowMs(), UptimeS: seconds(s.UptimeS), Events: m.Decoded(), Ignored: s.Ignored,
		Duplicates: s.Duplicates, DroppedByBarrier: s.DroppedByBarrier, Recomputed: s.Recomputed,
		Refused: s.Refused, RefusedTotal: m.RefusedTotal(), Outstanding: p.env.Tracker.Outstanding(), Acked: s.Acked,
		StockSignals: added.Stocks, VelocitySignals: added.Velocities, BadgeChanges: added.Badges,
		Redis: page.RedisState{Writes: s.RedisWrites, Retries: s.RedisRetries, Away: m.RedisAway.Load()},
		State: "ok"}
	for _, c := range event.Channels {
		n := int64(0)
		for _, events := range s.Events[c.String()] {
			n += events
		}
		f.Channels = append(f.Channels, page.ChannelCount{Name: c.String(), Events: n})
	}
	if p.options.archives() {
		rows := added.Events + added.Stocks + added.Velocities + added.Badges + added.DeadLetters
		f.ArchiveRows = &rows
	}
	if why := p.notReady(); why != "" {
		f.State = strings.ReplaceAll(why, "\n", "; ")
	}
	return f
}

const (
	recentFor   = 10 * time.Second
	recentEvery = 500 * time.Millisecond
)

// recentLatency measures the latency of the last recentFor while somebody looks. It is safe for
// concurrent use.
type recentLatency struct {
	mu       sync.Mutex
	readings []latencyReading // of the last recentFor, the oldest first, and one before that
}

type latencyReading struct {
	at       time.Time
	snapshot metrics.Snapshot
}

// at returns the latency at a time, of which snapshot returns all since the start. It is nil where
// nothing was measured, as when nobody has looked just before.
func (l *recentLatency) at(now time.Time, snapshot func() metrics.Snapshot) *page.Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.readings); n > 0 && now.Sub(l.readings[n-1].at) > recentFor {
		l.readings = nil
	}
	if n := len(l.readings); n == 0 || now.Sub(l.readings[n-1].at) >= recentEvery {
		l.readings = append(l.readings, latencyReading{now, snapshot()})
	}
	for len(l.readings) > 2 && now.Sub(l.readings[1].at) >= recentFor {
		l.readings = l.readings[1:]
	}
	recent := l.readings[len(l.readings)-1].snapshot.Since(l.readings[0].snapshot)
	if _, total := recent.Cumulative(); total == 0 {
		return nil
	}
	return &page.Latency{P50: recent.Quantile(0.50), P99: recent.Quantile(0.99)}
}
