package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

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

// pageStreams is the most streams of signals that the page's server has open at once.
const pageStreams = 200

// servePage serves the page at --ui_addr, if there is one, until stop is called.
func (p *Pipeline) servePage() (stop func() error, err error) {
	if p.options.UIAddr == "" {
		return func() error { return nil }, nil
	}
	addr, err := config.ListenAddr(p.options.UIAddr)
	if err != nil {
		return nil, fmt.Errorf("--ui_addr: %w", err)
	}
	rdb, err := redis.NewClient(p.options.Redis.Config())
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	now := func() time.Time { return time.UnixMilli(p.plan.clock.NowMs()) }
	signals := api.New(api.Options{Client: serving.NewClient(rdb, now), MaxStreams: pageStreams})
	server, err := serveHTTP("ui_addr", addr, page.New(p.pageSource(), p.Demo, signals))
	if err != nil {
		return nil, errors.Join(err, rdb.Close())
	}
	p.pageAddr.Store(&server.addr)
	slog.Info("serving the page at http://" + server.addr + "/")
	return func() error {
		signals.Close()
		return errors.Join(server.stop(), rdb.Close())
	}, nil
}

func (p *Pipeline) pageSource() page.Source {
	v := p.options.Velocity
	return page.Source{
		Info:     p.pageInfo,
		Flow:     p.Flow,
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
		info.Mode, info.Scenarios = "demo", p.Demo.Scenarios
	}
	for _, s := range p.plan.subscriptions {
		info.Inputs[s.Channel.String()] = s.Name
	}
	if files := p.inputs(0)[len(p.plan.subscriptions):]; len(files) > 0 {
		info.Inputs[event.FILE.String()] = strings.Join(files, ", ")
	}
	return info
}

// Flow returns what has passed so far. Without a page it counts no signals. It is safe for
// concurrent use.
func (p *Pipeline) Flow() page.Flow {
	s, m, added := p.Summary(), p.env.Metrics, p.env.History.Counts()
	f := page.Flow{Now: p.plan.clock.NowMs(), Events: m.Decoded(), Ignored: s.Ignored,
		Duplicates: s.Duplicates, DroppedByBarrier: s.DroppedByBarrier, Recomputed: s.Recomputed,
		Refused: s.Refused, RefusedTotal: m.RefusedTotal(), Outstanding: p.env.Tracker.Outstanding(),
		StockSignals: added.Stocks, VelocitySignals: added.Velocities, BadgeChanges: added.Badges,
		Redis:     page.RedisState{Writes: s.RedisWrites, Away: m.RedisAway.Load()},
		LatencyMs: p.recent.at(time.Now(), m.StockLatency.Snapshot()), State: "ok"}
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
	if p.Demo != nil {
		truth := p.Demo.Truth()
		f.Truth, f.Scenarios = &truth, p.Demo.Running()
	}
	if why := p.notReady(); why != "" {
		f.State = strings.ReplaceAll(why, "\n", "; ")
	}
	return f
}

// recentFor is the time over which latency is measured.
const recentFor = 10 * time.Second

// recentLatency measures the latency of the last recentFor, or of the last half of it. It is safe
// for concurrent use.
type recentLatency struct {
	mu           sync.Mutex
	older, newer latencyReading
}

type latencyReading struct {
	at       time.Time
	snapshot metrics.Snapshot
}

// at returns the latency at a time, of which snapshot holds all since the start. It is nil where
// nothing was measured, as when nobody has looked just before.
func (l *recentLatency) at(now time.Time, snapshot metrics.Snapshot) *page.Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.newer.at) >= recentFor/2 {
		l.older, l.newer = l.newer, latencyReading{now, snapshot}
	}
	if now.Sub(l.older.at) > recentFor {
		l.older = l.newer
	}
	recent := snapshot.Since(l.older.snapshot)
	if _, total := recent.Cumulative(); total == 0 {
		return nil
	}
	return &page.Latency{P50: recent.Quantile(0.50), P99: recent.Quantile(0.99)}
}
