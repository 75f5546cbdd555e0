package truth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// VelocitySignal is the value of a velocity key.
type VelocitySignal struct {
	ProductID   string  `json:"product_id"`
	StoreID     string  `json:"store_id"`
	Window      string  `json:"window"`
	UnitsSold   int64   `json:"units_sold"`
	Units1h     int64   `json:"units_1h"`
	Units24h    int64   `json:"units_24h"`
	Views1h     int64   `json:"views_1h"`
	CartAdds1h  int64   `json:"cart_adds_1h"`
	Views24h    int64   `json:"views_24h"`
	CartAdds24h int64   `json:"cart_adds_24h"`
	RatePerHour float64 `json:"rate_per_hour"`
	Badge       *string `json:"badge"`
	Message     string  `json:"message"`
	AsOf        int64   `json:"as_of"`
}

// Allow returns an error that names the counts of a signal which are not in their ranges.
func (c Counts) Allow(v VelocitySignal) error {
	var wrong []string
	for _, x := range []struct {
		name string
		want Range
		got  int64
	}{
		{"units_1h", c.UnitsHour, v.Units1h}, {"units_24h", c.UnitsDay, v.Units24h},
		{"views_1h", c.ViewsHour, v.Views1h}, {"views_24h", c.ViewsDay, v.Views24h},
		{"cart_adds_1h", c.CartsHour, v.CartAdds1h}, {"cart_adds_24h", c.CartsDay, v.CartAdds24h},
	} {
		if !x.want.Contains(x.got) {
			wrong = append(wrong, fmt.Sprintf("%s is %d, want %v", x.name, x.got, x.want))
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, ", "))
	}
	return nil
}

// CheckVelocity compares the velocity keys, as Check does.
func (l *Ledger) CheckVelocity(ctx context.Context, rdb redis.UniversalClient, nowMs int64) (f Faults, err error) {
	found, err := readVelocity(ctx, rdb)
	if err != nil {
		return f, fmt.Errorf("reading velocity keys: %w", err)
	}
	keys := map[Key]bool{}
	for key := range l.keys {
		keys[key], keys[Key{Product: key.Product}] = true, true
	}
	for name := range found {
		if key, ok := ParseName(name); ok {
			keys[key] = true
		} else {
			f.add(&f.Extra, "%s exists and should not", name)
		}
	}
	for key := range keys {
		now, _ := l.Velocity(key, nowMs)
		_, may := l.Velocity(key, nowMs-l.FreshMs)
		name := key.VelocityName()
		value, exists := found[name]
		if now.Must || exists {
			f.Keys++
		}
		switch {
		case !exists && now.Must:
			f.add(&f.Missing, "%s is missing", name)
		case exists && !may && !l.SalesOnly:
			f.add(&f.Extra, "%s exists and should not: %s", name, value)
		case exists:
			if err := l.judge(key, value, nowMs); err != nil {
				f.add(&f.Wrong, "%s: %v: %s", name, err, value)
			}
		}
	}
	return f, nil
}

// judge returns an error that names a fault in the value of a velocity key.
func (l *Ledger) judge(key Key, value string, nowMs int64) error {
	var v VelocitySignal
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return err
	}
	sold, rate, message := v.Units24h, float64(v.Units24h)/24, fmt.Sprintf("%d sold in last 24 hours", v.Units24h)
	if v.Window == "1h" {
		sold, rate, message = v.Units1h, float64(v.Units1h), fmt.Sprintf("%d sold in last hour", v.Units1h)
	} else if v.Window != "24h" {
		return fmt.Errorf("there is no window %q", v.Window)
	}
	if v.ProductID != key.Product || v.StoreID != key.Store || v.UnitsSold != sold || v.Message != message ||
		math.Abs(v.RatePerHour-rate) > 1e-9*math.Abs(rate) {
		return errors.New("its fields do not fit together")
	}
	if err := l.allow(key, v, v.AsOf); err != nil {
		return err
	}
	if l.FreshMs == 0 {
		return nil
	}
	if v.AsOf > nowMs+l.FreshMs { // a signal that was written after nowMs was read is slightly ahead
		return fmt.Errorf("as_of is %d ms ahead of the clock", v.AsOf-nowMs)
	}
	var err error
	for t := max(nowMs, v.AsOf); t >= nowMs-l.FreshMs; t -= minute {
		if err = l.allow(key, v, t); err == nil {
			return nil
		}
	}
	return fmt.Errorf("by the clock: %w", err)
}

func (l *Ledger) allow(key Key, v VelocitySignal, nowMs int64) error {
	c, _ := l.Velocity(key, nowMs)
	if l.SalesOnly {
		v.Views1h, v.Views24h, v.CartAdds1h, v.CartAdds24h = 0, 0, 0, 0
	}
	return c.Allow(v)
}

// readVelocity reads all velocity keys. A key that disappears meanwhile is left out.
func readVelocity(ctx context.Context, rdb redis.UniversalClient) (map[string]string, error) {
	names, err := ScanKeys(ctx, rdb, "velocity:*")
	if err != nil {
		return nil, err
	}
	found := make(map[string]string, len(names))
	for part := range slices.Chunk(names, chunk) {
		pipe := rdb.Pipeline()
		values := make([]*redis.StringCmd, len(part))
		for i, name := range part {
			values[i] = pipe.Get(ctx, name)
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		for i, name := range part {
			if value, err := values[i].Result(); err == nil {
				found[name] = value
			} else if !errors.Is(err, redis.Nil) {
				return nil, err
			}
		}
	}
	return found, nil
}
