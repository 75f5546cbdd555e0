package truth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Report is the outcome of a check. The zero value of every count but Keys means that Redis holds the truth.
type Report struct {
	Keys    int      // keys that should exist
	Wrong   int      // of these, keys with another value
	Missing int      // of these, keys that do not exist
	Extra   int      // keys that exist and should not; counted with AlsoExtra only
	Samples []string // the first few faults, for a person
}

// OK reports whether nothing was wrong, missing or extra.
func (r Report) OK() bool { return r.Wrong == 0 && r.Missing == 0 && r.Extra == 0 }

// String is one line: the counts, and the first fault if there is one.
func (r Report) String() string {
	s := fmt.Sprintf("keys: %d, wrong: %d, missing: %d, extra: %d", r.Keys, r.Wrong, r.Missing, r.Extra)
	if len(r.Samples) > 0 {
		s += " (" + r.Samples[0] + ")"
	}
	return s
}

// Sample keeps the first few faults for a person.
func (r *Report) Sample(format string, args ...any) {
	if len(r.Samples) < maxSamples {
		r.Samples = append(r.Samples, fmt.Sprintf(format, args...))
	}
}

const maxSamples = 10

// Option asks a check for more than the values of the keys.
type Option int

const (
	// AlsoMeta checks known and barrier in the meta hash beside every key too (CheckStock only).
	AlsoMeta Option = iota
	// AlsoExtra searches the whole of Redis for stock keys that should not exist.
	AlsoExtra
)

// CheckStock compares the stock keys of all stores with the truth. An error means that Redis could not be read; faults are
// in the report. The keys are read in pipelines of a thousand, which may be of any slot of a cluster.
func CheckStock(ctx context.Context, rdb redis.UniversalClient, want map[Key]Result, options ...Option) (Report, error) {
	meta, extra := slices.Contains(options, AlsoMeta), slices.Contains(options, AlsoExtra)
	var expected []expectation
	for key, r := range want {
		e := expectation{of: key, value: r.OnHand}
		if meta {
			e.meta = [][2]string{{"known", "0"}, {"barrier", ""}}
			if r.Known {
				e.meta = [][2]string{{"known", "1"}, {"barrier", strconv.FormatInt(r.Barrier, 10)}}
			}
		}
		expected = append(expected, e)
	}
	report, err := check(ctx, rdb, expected)
	if err == nil && extra {
		err = findExtra(ctx, rdb, &report, func(key Key) bool {
			_, wanted := want[key]
			return wanted || key.Store == ""
		})
	}
	return report, err
}

// CheckGlobal compares the stock:global keys with the truth, as CheckStock does for stores.
func CheckGlobal(ctx context.Context, rdb redis.UniversalClient, want map[string]int64, options ...Option) (Report, error) {
	var expected []expectation
	for product, onHand := range want {
		expected = append(expected, expectation{of: Key{Product: product}, value: onHand})
	}
	report, err := check(ctx, rdb, expected)
	if err == nil && slices.Contains(options, AlsoExtra) {
		err = findExtra(ctx, rdb, &report, func(key Key) bool {
			_, wanted := want[key.Product]
			return wanted || key.Store != ""
		})
	}
	return report, err
}

// expectation is what one key should hold, and optionally fields of the meta hash beside it.
type expectation struct {
	of    Key
	value int64
	meta  [][2]string // name, value
}

// chunk is the number of keys read in one round trip.
const chunk = 1000

func check(ctx context.Context, rdb redis.UniversalClient, expected []expectation) (Report, error) {
	report := Report{Keys: len(expected)}
	for start := 0; start < len(expected); start += chunk {
		if err := checkChunk(ctx, rdb, &report, expected[start:min(start+chunk, len(expected))]); err != nil {
			return report, fmt.Errorf("reading stock keys: %w", err)
		}
	}
	return report, nil
}

func checkChunk(ctx context.Context, rdb redis.UniversalClient, report *Report, expected []expectation) error {
	pipe := rdb.Pipeline()
	values := make([]*redis.StringCmd, len(expected))
	metas := make([]*redis.SliceCmd, len(expected))
	for i, e := range expected {
		values[i] = pipe.Get(ctx, e.of.StockName())
		if e.meta != nil {
			names := make([]string, len(e.meta))
			for j, field := range e.meta {
				names[j] = field[0]
			}
			metas[i] = pipe.HMGet(ctx, e.of.MetaName(), names...)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for i, e := range expected {
		got, err := values[i].Result()
		switch want := strconv.FormatInt(e.value, 10); {
		case errors.Is(err, redis.Nil):
			report.Missing++
			report.Sample("%s is missing, want %s", e.of.StockName(), want)
		case err != nil:
			return err
		case got != want:
			report.Wrong++
			report.Sample("%s is %q, want %s", e.of.StockName(), got, want)
		case metas[i] != nil:
			if err := checkMeta(report, e, metas[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkMeta counts a key as wrong once, however many of its fields are.
func checkMeta(report *Report, e expectation, cmd *redis.SliceCmd) error {
	got, err := cmd.Result()
	if err != nil {
		return err
	}
	for j, field := range e.meta {
		if value, ok := got[j].(string); !ok || value != field[1] {
			report.Wrong++
			report.Sample("%s has %s %v, want %q", e.of.MetaName(), field[0], got[j], field[1])
			return nil
		}
	}
	return nil
}

// findExtra counts the stock keys for which wanted is false, and those that are named like none.
func findExtra(ctx context.Context, rdb redis.UniversalClient, report *Report, wanted func(Key) bool) error {
	keys, err := ScanKeys(ctx, rdb, "stock:*")
	if err != nil {
		return fmt.Errorf("scanning for stock keys: %w", err)
	}
	for _, name := range keys {
		if key, ok := ParseName(name); !ok || !wanted(key) {
			report.Extra++
			report.Sample("%s exists and should not", name)
		}
	}
	return nil
}

// ScanKeys lists the keys of a pattern, each once, on every master of a cluster.
func ScanKeys(ctx context.Context, rdb redis.UniversalClient, pattern string) ([]string, error) {
	var mu sync.Mutex         // the masters of a cluster are scanned at the same time
	seen := map[string]bool{} // SCAN may return a key twice
	scan := func(ctx context.Context, node redis.Cmdable) error {
		keys := node.Scan(ctx, 0, pattern, chunk).Iterator()
		for keys.Next(ctx) {
			mu.Lock()
			seen[keys.Val()] = true
			mu.Unlock()
		}
		return keys.Err()
	}
	var err error
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return scan(ctx, node) })
	} else {
		err = scan(ctx, rdb)
	}
	return slices.Collect(maps.Keys(seen)), err
}
