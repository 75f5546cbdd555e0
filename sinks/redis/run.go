package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/retry"
)

// maxPipeline is how many commands are sent before the first reply is read.
const maxPipeline = 2000

// Fenced begins the error of a script that refuses a command for good.
const Fenced = "FENCED"

// Run sends commands that do not depend on each other until each has succeeded. It calls succeeded
// once with each. A failed command is replaced by a new one with the same arguments. Run blocks and
// retries as every sink does, but an error that begins with Fenced is returned at once.
func (r *Sink) Run(ctx context.Context, cmds []*goredis.Cmd, succeeded func(*goredis.Cmd)) error {
	for len(cmds) > 0 {
		n := min(len(cmds), maxPipeline)
		if err := r.runPipeline(ctx, cmds[:n], succeeded); err != nil {
			return fmt.Errorf("write to Redis at %s: %w", r.addrs, err)
		}
		cmds = cmds[n:]
	}
	return nil
}

// Try is Run without retries: it returns the first error.
func (r *Sink) Try(ctx context.Context, cmds []*goredis.Cmd, succeeded func(*goredis.Cmd)) error {
	for batch := range slices.Chunk(cmds, maxPipeline) {
		err := r.do(ctx, func(ctx context.Context) error { return r.exec(ctx, batch) })
		if err == nil {
			_, _, err = sortOut(batch, succeeded)
		}
		if err != nil {
			return fmt.Errorf("redis at %s: %w", r.addrs, err)
		}
	}
	return nil
}

func (r *Sink) runPipeline(ctx context.Context, cmds []*goredis.Cmd, succeeded func(*goredis.Cmd)) error {
	backoff := retry.Backoff()
	loaded := false // the script was loaded since the last pause
	for {
		if err := r.do(ctx, func(ctx context.Context) error { return r.exec(ctx, cmds) }); err != nil {
			return err
		}
		failed, noScript, err := sortOut(cmds, succeeded)
		if len(failed) == 0 {
			return nil
		}
		if goredis.HasErrorPrefix(err, Fenced) {
			return err
		}
		for i, cmd := range failed {
			failed[i] = goredis.NewCmd(ctx, cmd.Args()...)
		}
		cmds = failed
		if noScript && !loaded {
			// A server that was restarted has lost the script. That is no failure.
			loadErr := r.loadScript(ctx)
			if loadErr == nil {
				loaded = true
				continue
			}
			err = loadErr
		}
		loaded = false
		if r.stats.Retries != nil {
			r.stats.Retries(ctx)
		}
		if cc, ok := r.client.(*goredis.ClusterClient); ok {
			cc.ReloadState(ctx) // a client that cannot reach a master does not look for its successor
		}
		if err := r.target.Wait(ctx, &backoff, slog.LevelWarn, err); err != nil {
			return err
		}
	}
}

// exec sends cmds in one pipeline. The results are in cmds. The error is nil unless the sink is
// closed or ctx has ended.
func (r *Sink) exec(ctx context.Context, cmds []*goredis.Cmd) error {
	pipe := r.client.Pipeline()
	for _, cmd := range cmds {
		if err := pipe.Process(ctx, cmd); err != nil {
			cmd.SetErr(err)
		}
	}
	_, err := pipe.Exec(ctx)
	if errors.Is(err, goredis.ErrClosed) {
		return retry.ErrClosed
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return nil
}

// sortOut calls succeeded with the commands without an error and returns the others. noScript
// reports whether one failed because the server does not have the script, and first is the first
// other error.
func sortOut(cmds []*goredis.Cmd, succeeded func(*goredis.Cmd)) (failed []*goredis.Cmd, noScript bool, first error) {
	for _, cmd := range cmds {
		err := cmd.Err()
		if err == nil {
			succeeded(cmd)
			continue
		}
		failed = append(failed, cmd)
		if goredis.HasErrorPrefix(err, "NOSCRIPT") {
			noScript = true
		} else if first == nil {
			first = err
		}
	}
	if first == nil && noScript {
		first = failed[0].Err()
	}
	return failed, noScript, first
}

// wrote reports n signals written.
func (r *Sink) wrote(ctx context.Context, n int64) {
	if r.stats.Writes != nil && n > 0 {
		r.stats.Writes(ctx, n)
	}
}
