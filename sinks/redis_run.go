package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// maxPipeline is how many commands are sent before the first reply is read.
const maxPipeline = 2000

// run sends commands that do not depend on each other until every one has succeeded, and hands each that has to succeeded
// exactly once.
func (r *Redis) run(ctx context.Context, cmds []*redis.Cmd, succeeded func(*redis.Cmd)) error {
	for len(cmds) > 0 {
		n := min(len(cmds), maxPipeline)
		if err := r.runPipeline(ctx, cmds[:n], succeeded); err != nil {
			return fmt.Errorf("write to Redis at %s: %w", r.addrs, err)
		}
		cmds = cmds[n:]
	}
	return nil
}

// sender is run or try.
type sender func(ctx context.Context, cmds []*redis.Cmd, succeeded func(*redis.Cmd)) error

// try is run without repetition: it returns the first error.
func (r *Redis) try(ctx context.Context, cmds []*redis.Cmd, succeeded func(*redis.Cmd)) error {
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

func (r *Redis) runPipeline(ctx context.Context, cmds []*redis.Cmd, succeeded func(*redis.Cmd)) error {
	var wait backoff
	loaded := false // the script was loaded since the last pause
	for {
		if err := r.do(ctx, func(ctx context.Context) error { return r.exec(ctx, cmds) }); err != nil {
			return err
		}
		failed, noScript, err := sortOut(cmds, succeeded)
		if len(failed) == 0 {
			return nil
		}
		if redis.HasErrorPrefix(err, "FENCED") {
			return ErrFenced // trying again cannot help
		}
		for i, cmd := range failed {
			failed[i] = redis.NewCmd(ctx, cmd.Args()...)
		}
		cmds = failed
		if noScript && !loaded {
			// A server that was restarted has forgotten the script; that is no failure.
			loadErr := r.loadScript(ctx)
			if loadErr == nil {
				loaded = true
				continue
			}
			err = loadErr
		}
		loaded = false
		if r.stats.Retries != nil {
			r.stats.Retries(ctx, 1)
		}
		r.failures.failed(ctx, r.addrs, err)
		if cc, ok := r.client.(*redis.ClusterClient); ok {
			cc.ReloadState(ctx) // a client that cannot reach a master does not ask by itself who took over
		}
		if cause := wait.wait(ctx, r.closed); cause != nil {
			return fmt.Errorf("%w (last failure: %w)", cause, err)
		}
	}
}

// exec sends cmds in one pipeline. Its results are in cmds; its error is nil, or the end of the sink or of ctx.
func (r *Redis) exec(ctx context.Context, cmds []*redis.Cmd) error {
	pipe := r.client.Pipeline()
	for _, cmd := range cmds {
		if err := pipe.Process(ctx, cmd); err != nil {
			cmd.SetErr(err)
		}
	}
	_, err := pipe.Exec(ctx)
	if errors.Is(err, redis.ErrClosed) {
		return ErrClosed
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return nil
}

// sortOut separates what failed, and says whether any of it did for want of the script, and the first other error.
func sortOut(cmds []*redis.Cmd, succeeded func(*redis.Cmd)) (failed []*redis.Cmd, noScript bool, first error) {
	for _, cmd := range cmds {
		err := cmd.Err()
		if err == nil {
			succeeded(cmd)
			continue
		}
		failed = append(failed, cmd)
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
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
func (r *Redis) wrote(ctx context.Context, n int64) {
	if r.stats.Writes != nil && n > 0 {
		r.stats.Writes(ctx, n)
	}
}
