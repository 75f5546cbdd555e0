package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

func countsOf(s truth.VelocitySignal) counts {
	return counts{hour: [kinds]int64{s.Units1h, s.Views1h, s.CartAdds1h}, day: [kinds]int64{s.Units24h, s.Views24h, s.CartAdds24h}}
}

// checkSampled checks the velocity signals of the sampled products count by count.
func (w *World) checkSampled(ctx context.Context, rdb redis.Cmdable, r *Report, now Span) error {
	for product, stores := range w.demand {
		var every []*demand
		for store, d := range stores {
			every = append(every, d)
			if err := checkSignal(ctx, rdb, r, truth.Key{Store: store, Product: product}.VelocityName(), now, d); err != nil {
				return err
			}
		}
		if err := checkSignal(ctx, rdb, r, truth.Key{Product: product}.VelocityName(), now, every...); err != nil {
			return err
		}
	}
	return nil
}

func checkSignal(ctx context.Context, rdb redis.Cmdable, r *Report, key string, now Span, stores ...*demand) error {
	value, err := rdb.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return nil // whether it must exist is checked for all products
	}
	if err != nil {
		return err
	}
	if problem := judge(value, now, stores...); problem != nil {
		r.fault(&r.Wrong, "%s: %v: %s", key, problem, value)
	}
	return nil
}

// judge says what is wrong with a signal: it must be right at the time that it names itself, and still be right at some time of
// the span, which is that of the last evaluation that may have found nothing to change.
func judge(value string, now Span, stores ...*demand) error {
	var s truth.VelocitySignal
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return err
	}
	if s.AsOf > now.To {
		return fmt.Errorf("as_of is %d ms ahead of the clock", s.AsOf-now.To)
	}
	r := at(s.AsOf, stores...)
	if err := r.fits(countsOf(s)); err != nil {
		return fmt.Errorf("by its as_of: %w", err)
	}
	var err error
	for t := now.To; t >= now.From; t -= minute {
		r := at(t, stores...)
		if err = r.fits(countsOf(s)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("by the clock: %w", err)
}
