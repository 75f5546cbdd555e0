package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// collector reads the counts of a running pipeline when it is scraped, and only then: what counts does not know of it. A Beam metric
// x is streamlytics_x here, a counter streamlytics_x_total; what Beam, which has no labels, puts into a counter's name are labels.
// It is safe for concurrent use.
type collector struct {
	env *process.Env
	// ready says why the pipeline is not ready, or nothing.
	ready func() string
	now   func() time.Time

	counters                                    map[string]*prometheus.Desc // by family
	acked, ignoredByName                        *prometheus.Desc
	stockLatency, velocityLatency               *prometheus.Desc
	lag, velocityPending, largestSnapshot       *prometheus.Desc
	outstanding, outstandingBytes, backpressure *prometheus.Desc
	restoring, redisUp, isReady                 *prometheus.Desc
	subPulled, subAcked, subLeased, subOldest   *prometheus.Desc
	subUp, subErrors, subAnswered               *prometheus.Desc
}

func newCollector(env *process.Env, ready func() string) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(metrics.Namespace, "", name), help, labels, nil)
	}
	subscription := []string{"channel", "subscription"}
	c := &collector{
		env: env, ready: ready, now: time.Now, counters: map[string]*prometheus.Desc{},
		acked:           desc("acked_total", "Messages, or lines of files, that are done."),
		ignoredByName:   desc("ignored_by_name_total", "Ignored events of the web shop, by name; other stands for all names after the first 50.", "event"),
		stockLatency:    desc(metrics.StockLatencyMs, "From publishing to the stock in Redis, once a stock signal, by the oldest event that it answers; Pub/Sub only."),
		velocityLatency: desc(metrics.VelocityLatencyMs, "From publishing to velocity in Redis, once an evaluation of a product group, by the oldest event in it; Pub/Sub only."),
		lag:             desc(metrics.LagMs, "How old the oldest event of the last stock batch was when it was written."),
		velocityPending: desc("velocity_pending", "Product groups that hold changes which are not in Redis yet."),

		largestSnapshot: desc(metrics.LargestSnapshot, "The largest snapshot of the state of a Beam key that was written since the start."),

		outstanding:      desc("outstanding_messages", "Messages, or lines of files, on their way: read, and not done."),
		outstandingBytes: desc("outstanding_bytes", "Their size."),
		backpressure:     desc("backpressure", "1 while sources wait because too much is on its way, else 0."),
		restoring:        desc("restoring_keys", "Beam keys whose state is still to be restored."),
		redisUp:          desc("redis_up", "1 if Redis answered when it was last asked or written to, else 0."),
		isReady:          desc("ready", "1 if /readyz says so, else 0."),

		subPulled: desc("subscription_pulled_total", "Messages pulled, each as often as it was delivered.", subscription...),
		subAcked:  desc("subscription_acked_total", "Messages acknowledged.", subscription...),
		subLeased: desc("subscription_leased_messages", "Messages pulled, and neither acknowledged nor given back.", subscription...),
		subOldest: desc("subscription_oldest_message_age_ms", "How long ago the oldest leased message was published, or, if that is longer, since when the subscription cannot be pulled from; else 0.", subscription...),

		subUp:       desc("subscription_up", "1 if Pub/Sub answered the last pull and the one under way is not overdue, else 0.", subscription...),
		subErrors:   desc("subscription_errors_total", "Pulls, acknowledgements and extensions of leases that failed.", subscription...),
		subAnswered: desc("subscription_last_answer_age_ms", "How long ago Pub/Sub last answered a pull, with or without messages; since the start before the first answer.", subscription...),
	}
	for _, counter := range metrics.Counters() {
		s := counter.Series()
		if c.counters[s.Family] != nil {
			continue
		}
		labels := make([]string, len(s.Labels))
		for i, l := range s.Labels {
			labels[i] = l.Name
		}
		c.counters[s.Family] = desc(s.Family+"_total", s.Help, labels...)
	}
	return c
}

// Describe names what Collect may send.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.counters {
		out <- d
	}
	for _, d := range []*prometheus.Desc{c.acked, c.ignoredByName, c.stockLatency, c.velocityLatency, c.lag, c.velocityPending, c.largestSnapshot, c.outstanding, c.outstandingBytes,
		c.backpressure, c.restoring, c.redisUp, c.isReady, c.subPulled, c.subAcked, c.subLeased, c.subOldest, c.subUp, c.subErrors, c.subAnswered} {
		out <- d
	}
}

// Collect reads everything once.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	m, tracker := c.env.Metrics, c.env.Tracker
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		send(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, v int64, labels ...string) {
		send(d, prometheus.GaugeValue, float64(v), labels...)
	}

	for _, counter := range metrics.Counters() {
		s := counter.Series()
		values := make([]string, len(s.Labels))
		for i, l := range s.Labels {
			values[i] = l.Value
		}
		count(c.counters[s.Family], m.Count(counter), values...)
	}
	for name, n := range m.IgnoredByName() {
		count(c.ignoredByName, n, name)
	}
	count(c.acked, tracker.Acked())
	out <- histogram(c.stockLatency, m.StockLatency.Snapshot())
	out <- histogram(c.velocityLatency, m.VelocityLatency.Snapshot())
	gauge(c.lag, m.Lag.Load())
	gauge(c.velocityPending, m.VelocityPending.Load())
	gauge(c.largestSnapshot, m.LargestSnapshot.Load())
	gauge(c.outstanding, tracker.Outstanding())
	gauge(c.outstandingBytes, tracker.Bytes())
	gauge(c.backpressure, oneIf(tracker.Full()))
	gauge(c.restoring, c.env.RestoringKeys())
	gauge(c.redisUp, oneIf(!m.RedisAway.Load()))
	gauge(c.isReady, oneIf(c.ready() == ""))
	c.collectSubscriptions(count, gauge)
}

// collectSubscriptions reads what concerns each subscription.
func (c *collector) collectSubscriptions(count, gauge func(*prometheus.Desc, int64, ...string)) {
	now := c.now()
	for _, f := range pubsub.SubscriptionsOf(c.env).Flows() {
		labels := []string{f.Channel.String(), f.Subscription}
		count(c.subPulled, f.Pulled, labels...)
		count(c.subAcked, f.Acked, labels...)
		count(c.subErrors, f.Errors, labels...)
		gauge(c.subLeased, f.Leased, labels...)
		gauge(c.subOldest, f.Age(now).Milliseconds(), labels...)
		gauge(c.subUp, oneIf(f.Reach.Up), labels...)
		answered := f.Reach.AnsweredAt
		if answered.IsZero() {
			answered = f.Reach.Opened
		}
		gauge(c.subAnswered, max(now.Sub(answered).Milliseconds(), 0), labels...)
	}
}

func histogram(d *prometheus.Desc, s metrics.Snapshot) prometheus.Metric {
	upTo, total := s.Cumulative()
	buckets := make(map[float64]uint64, len(upTo))
	for i, n := range upTo {
		buckets[float64(metrics.Bounds[i])] = n
	}
	return prometheus.MustNewConstHistogram(d, total, float64(s.Sum()), buckets)
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
