package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

func (p *Pipeline) redisChecks() (checks []check) {
	o := p.options
	cfg, kind := o.Redis.Config(), o.runnerKind()
	addrs := slices.Clone(cfg.Addrs)
	slices.Sort(addrs)
	for _, addr := range slices.Compact(addrs) {
		checks = append(checks, check{"Redis " + addr, func(ctx context.Context) (string, error) {
			found, err := redis.Describe(ctx, cfg, addr)
			if err == nil && kind == dataflowRunner {
				found += "; seen from this machine, the network of the workers is not checked"
			}
			return found, err
		}})
	}
	checks = append(checks, onRedis("Redis rights", cfg, func(ctx context.Context, r *redis.Sink) (string, error) {
		return checkRights(ctx, r, o.redisRights())
	}), onRedis("Redis eviction", cfg, func(ctx context.Context, r *redis.Sink) (string, error) {
		return r.Eviction(ctx)
	}))
	if o.mirrored(kind) {
		checks = append(checks, onRedis("Redis state", cfg, func(ctx context.Context, r *redis.Sink) (string, error) {
			return mirror.Describe(ctx, r, mirror.Options{KeyGroups: o.KeyGroups, ProductGroups: o.ProductGroups})
		}))
	}
	return checks
}

// onRedis returns a check with a connection to Redis. It is unknown where Redis is not reached, which
// the check of an address explains.
func onRedis(what string, cfg redis.Config, run func(context.Context, *redis.Sink) (string, error)) check {
	return check{what, func(ctx context.Context) (string, error) {
		r, err := redis.Open(cfg, redis.Stats{})
		if err != nil {
			return "", unknownError{"Redis is not reached"}
		}
		defer r.Close()
		if r.Reach(ctx) != nil {
			return "", unknownError{"Redis is not reached"}
		}
		return run(ctx, r)
	}}
}

// redisRights returns the commands on Redis of a run, in the form of redis.Rights. With all options
// together they are the rights that docs/SECURITY.md lists.
func (o Options) redisRights() []string {
	rights := slices.Clone(redis.Rights)
	if len(o.Redis.List()) > 1 {
		rights = append(rights, redis.ClusterRights...)
	}
	switch kind := o.runnerKind(); {
	case o.mirrored(kind):
		rights = append(rights, mirror.Rights...)
	case kind == prismRunner:
		rights = append(rights, mirror.DropRights...)
	}
	return rights
}

func checkRights(ctx context.Context, r *redis.Sink, rights []string) (string, error) {
	denied, err := r.Denied(ctx, rights)
	if err != nil {
		return "", err
	}
	if len(denied) > 0 {
		return "", fmt.Errorf("the user may not run: %s (docs/SECURITY.md lists the rights that the user needs)",
			strings.Join(denied, ", "))
	}
	return fmt.Sprintf("the user may run the %d commands of the pipeline on its keys", len(rights)), nil
}
