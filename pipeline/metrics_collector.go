package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// collector exposes the counts of a running pipeline to Prometheus. It reads them when it is
// scraped. The Beam metric x is streamlytics_x, and a counter streamlytics_x_total. What Beam,
// which has no labels, puts into the name of a counter are labels. A collector is safe for
// concurrent use.
type collector struct {
	env           *process.Env
	counters      map[string]*prometheus.Desc // by family
	ignoredByName *prometheus.Desc
	plain         []plainMetric
	histograms    []latencyMetric
	subscriptions []subscriptionMetric
}

// plainMetric is a metric with one value.
type plainMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func() int64
}

// latencyMetric is a histogram of times in milliseconds.
type latencyMetric struct {
	desc     *prometheus.Desc
	snapshot func() metrics.Snapshot
}

// subscriptionMetric is a metric with one value for each subscription.
type subscriptionMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(f pubsub.Flow, now time.Time) int64
}

// newCollector returns the collector of a pipeline. notReady returns why the pipeline is not ready,
// or nothing.
func newCollector(env *process.Env, notReady func() string) *collector {
	c := &collector{env: env, counters: map[string]*prometheus.Desc{}}
	for _, counter := range metrics.Counters() {
		s := counter.Series()
		labels := make([]string, len(s.Labels))
		for i, l := range s.Labels {
			labels[i] = l.Name
		}
		c.counters[s.Family] = desc(s.Family+"_total", s.Help, labels...)
	}
	c.ignoredByName = desc("ignored_by_name_total",
		"Ignored messages by the name of the event, or mapped to nothing; "+
			"other stands for all names after the first 50.", "event")
	m := env.Metrics
	c.histograms = []latencyMetric{
		{desc(metrics.StockLatencyMs, "Time from publishing to the stock in Redis, once a stock signal, "+
			"by the oldest event in it; Pub/Sub only."), m.StockLatency.Snapshot},
		{desc(metrics.VelocityLatencyMs, "Time from publishing to the velocity in Redis, once an evaluation "+
			"of a product group, by the oldest event in it; Pub/Sub only."), m.VelocityLatency.Snapshot},
	}
	tracker := env.Tracker
	gauge := func(name, help string, value func() int64) plainMetric {
		return plainMetric{desc(name, help), prometheus.GaugeValue, value}
	}
	c.plain = []plainMetric{
		{desc("acked_total", "Messages, or lines of files, that are done."), prometheus.CounterValue, tracker.Acked},
		gauge(metrics.LagMs, "Age of the oldest event of the last stock batch when it was written.", m.Lag.Load),
		gauge("velocity_pending", "Product groups that hold changes which are not in Redis yet.",
			m.VelocityPending.Load),
		gauge(metrics.LargestSnapshot, "Size of the largest snapshot of the state of a Beam key since the start.",
			m.LargestSnapshot.Load),
		gauge("outstanding_messages", "Messages, or lines of files, that are read and not done.", tracker.Outstanding),
		gauge("outstanding_bytes", "Size of the outstanding messages.", tracker.Bytes),
		gauge("backpressure", "1 while sources wait because too much is outstanding, else 0.",
			func() int64 { return oneIf(tracker.Full()) }),
		gauge("restoring_keys", "Beam keys whose state is still to be restored.", env.RestoringKeys),
		gauge("redis_up", "1 if Redis answered the last command, else 0.",
			func() int64 { return oneIf(!m.RedisAway.Load()) }),
		gauge("ready", "1 if /readyz answers ready, else 0.", func() int64 { return oneIf(notReady() == "") }),
	}
	c.subscriptions = subscriptionMetrics()
	return c
}

func subscriptionMetrics() []subscriptionMetric {
	count := func(name, help string, value func(pubsub.Flow) int64) subscriptionMetric {
		return subscriptionMetric{desc(name, help, "channel", "subscription"), prometheus.CounterValue,
			func(f pubsub.Flow, _ time.Time) int64 { return value(f) }}
	}
	gauge := func(name, help string, value func(pubsub.Flow, time.Time) int64) subscriptionMetric {
		return subscriptionMetric{desc(name, help, "channel", "subscription"), prometheus.GaugeValue, value}
	}
	return []subscriptionMetric{
		count("subscription_pulled_total", "Messages pulled, each as often as it was delivered.",
			func(f pubsub.Flow) int64 { return f.Pulled }),
		count("subscription_acked_total", "Messages acknowledged.", func(f pubsub.Flow) int64 { return f.Acked }),
		count("subscription_errors_total", "Pulls, acknowledgements and extensions of leases that failed.",
			func(f pubsub.Flow) int64 { return f.Errors }),
		gauge("subscription_leased_messages", "Messages pulled, and neither acknowledged nor given back.",
			func(f pubsub.Flow, _ time.Time) int64 { return f.Leased }),
		gauge("subscription_oldest_message_age_ms", "Time since the oldest leased message was published, or, "+
			"if that is longer, since the subscription cannot be pulled from; else 0.",
			func(f pubsub.Flow, now time.Time) int64 { return f.Age(now).Milliseconds() }),
		gauge("subscription_up", "1 if Pub/Sub answered the last pull and the one in progress is not overdue, else 0.",
			func(f pubsub.Flow, _ time.Time) int64 { return oneIf(f.Reach.Up) }),
		gauge("subscription_last_answer_age_ms", "Time since Pub/Sub last answered a pull, with or without messages; "+
			"since the start before the first answer.", sinceAnswer),
	}
}

func sinceAnswer(f pubsub.Flow, now time.Time) int64 {
	at := f.Reach.AnsweredAt
	if at.IsZero() {
		at = f.Reach.Opened
	}
	return max(now.Sub(at).Milliseconds(), 0)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(metrics.Namespace, "", name), help, labels, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.counters {
		out <- d
	}
	out <- c.ignoredByName
	for _, x := range c.histograms {
		out <- x.desc
	}
	for _, x := range c.plain {
		out <- x.desc
	}
	for _, x := range c.subscriptions {
		out <- x.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, float64(n), labels...)
	}
	m := c.env.Metrics
	for _, counter := range metrics.Counters() {
		s := counter.Series()
		values := make([]string, len(s.Labels))
		for i, l := range s.Labels {
			values[i] = l.Value
		}
		send(c.counters[s.Family], prometheus.CounterValue, m.Count(counter), values...)
	}
	for name, n := range m.IgnoredByName() {
		send(c.ignoredByName, prometheus.CounterValue, n, name)
	}
	for _, x := range c.histograms {
		out <- histogram(x.desc, x.snapshot())
	}
	for _, x := range c.plain {
		send(x.desc, x.kind, x.value())
	}
	now := time.Now()
	for _, f := range pubsub.SubscriptionsOf(c.env).Flows() {
		for _, x := range c.subscriptions {
			send(x.desc, x.kind, x.value(f, now), f.Channel.String(), f.Subscription)
		}
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
