package sinks

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/process"
)

const (
	// mendEvery is how often a worker looks whether the state in Redis is whole, wall time.
	mendEvery = time.Second
	// mendAfter is how long the state may be no whole one before a worker takes it for a loss that nobody deals with: whoever noticed it
	// may have ended before all keys were woken.
	mendAfter = 30 * time.Second
)

// mender sees to it, in each worker of a job, that a state of which Redis has lost some becomes whole again, whichever workers notice
// the loss, write the logs again, and live to see it.
type mender struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startMender(env *process.Env, m *Mirror, after time.Duration) *mender {
	ctx, cancel := context.WithCancel(context.Background())
	w := &mender{cancel: cancel}
	w.done.Go(func() {
		if err := w.run(ctx, env, m, after); err != nil && ctx.Err() == nil {
			slog.Warn("the state in Redis is not looked after any more", "redis", m.redis.addrs, "error", err)
		}
	})
	return w
}

func (w *mender) run(ctx context.Context, env *process.Env, m *Mirror, after time.Duration) error {
	tick := time.NewTicker(mendEvery)
	defer tick.Stop()
	wholeAt, losses := time.Now(), env.Losses()
	for {
		whole, err := m.mend(ctx)
		if err != nil {
			return err // another pipeline looks after it now, or this is the end
		}
		if n := env.Losses(); whole || n != losses {
			wholeAt, losses = time.Now(), n
		}
		if time.Since(wholeAt) > after {
			slog.Warn("the state in Redis is not whole, and nobody writes it again", "redis", m.redis.addrs)
			if err := lose(ctx, env, m, losses); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Close ends it.
func (w *mender) Close() error {
	w.cancel()
	w.done.Wait()
	return nil
}

// mend puts the layout back when all logs have been written again since it was taken away. It reports whether the state is whole, and
// fails with ErrFenced where it is another pipeline's.
func (m *Mirror) mend(ctx context.Context) (whole bool, err error) {
	if err := m.checkEpoch(ctx); err != nil {
		return false, err
	}
	layout := redis.NewCmd(ctx, "hmget", mirrorLayout, "format")
	err = m.redis.run(ctx, []*redis.Cmd{layout}, func(done *redis.Cmd) {
		format, _ := done.Slice() // HMGET returns a list
		whole = len(format) == 1 && format[0] != nil
	})
	if err != nil || whole {
		return whole, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	whole = true
	epoch := strconv.FormatInt(m.epoch, 10)
	err = m.eachLog(ctx, []any{"epoch", "seq", "owed"}, "hmget", func(done *redis.Cmd) {
		by, _ := done.Slice()
		// A log that Redis has lost has no epoch. One that was claimed, and not written, has 0.
		if len(by) != 3 || by[0] != epoch || by[1] == "0" || by[2] != nil {
			whole = false
		}
	})
	if err != nil || !whole {
		return false, err
	}
	return true, m.putLayout(ctx)
}

// checkEpoch fails with ErrFenced when another pipeline has taken over the state.
func (m *Mirror) checkEpoch(ctx context.Context) error {
	return m.orRejoined(ctx, func(epoch int64) error {
		var last int64
		cmd := redis.NewCmd(ctx, "hmget", mirrorEpochs, "last")
		err := m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) {
			values, _ := done.Slice() // HMGET returns a list
			last = int64Of(values)
		})
		if err == nil && last > epoch {
			err = ErrFenced
		}
		return err
	})
}
