package mirror

import (
	"context"
	"errors"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/redis"
)

// Rights lists, as redis.Rights does, what a mirror needs.
var Rights = []string{
	"scan", "hgetall " + layoutKey, "hmget " + layoutKey, "hget " + epochsKey, "hincrby " + epochsKey,
	"eval SCRIPT 1 " + layoutKey, "hset " + layoutKey, "del " + layoutKey,
	"eval SCRIPT 2 " + logPrefix + "0} " + logPrefix + "0}:by", "hset " + logPrefix + "0}:by",
	"lrange " + logPrefix + "0}", "rpush " + logPrefix + "0}", "hdel " + keptPrefix + "0}",
}

// DropRights lists, as redis.Rights does, what Drop needs.
var DropRights = []string{"scan", "hincrby " + epochsKey, "unlink " + layoutKey}

// Describe returns what a start with options o finds in Redis, for a person. It fails where Open
// fails. It takes no epoch and changes nothing, so a pipeline that runs on the state is not
// disturbed, and is not noticed.
func Describe(ctx context.Context, r *redis.Sink, o Options) (string, error) {
	m := &Mirror{redis: r, options: o}
	if err := m.find(ctx); err != nil {
		return "", err
	}
	epoch, err := r.Client().HGet(ctx, epochsKey, "last").Int64()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return "", fmt.Errorf("look for the epoch in Redis at %s: %w", r, err)
	}
	if len(m.parts) == 0 {
		return "empty: a start begins from empty state", nil
	}
	logs := 0
	for part := range m.parts {
		if isLog(part) {
			logs++
		}
	}
	return fmt.Sprintf("%d logs and %d kept hashes, whole, of format %s with %d key groups and %d product groups; "+
		"a start takes epoch %d, and a pipeline that still runs on this state then fails",
		logs, len(m.parts)-logs, format, o.KeyGroups, o.ProductGroups, epoch+1), nil
}
