package replay

import (
	"context"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"golang.org/x/sync/errgroup"

	"github.com/beamlytics/streamlytics/event"
)

// publisher collects records into one request per topic and publishes them at the pace, several
// requests at a time. It keeps no order between messages, and neither does Pub/Sub.
type publisher struct {
	client *Client
	topics map[event.Channel]string
	pace   pace

	group   *errgroup.Group
	ctx     context.Context // ends with the first failed request
	pending map[event.Channel]*batch
}

type batch struct {
	messages []*pubsubpb.PubsubMessage
	bytes    int
}

// requestsInFlight is the number of requests at a time, so that none waits for the round trip of
// another.
const requestsInFlight = 4

func newPublisher(ctx context.Context, client *Client, topics map[event.Channel]string, rate float64) *publisher {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requestsInFlight)
	return &publisher{
		client: client, topics: topics, pace: pace{rate: rate, start: time.Now()},
		group: group, ctx: ctx, pending: map[event.Channel]*batch{},
	}
}

// add publishes the record, now or together with others that are due at about the same time. close
// returns the cause of its error.
func (p *publisher) add(r record) error {
	if wait := p.pace.next(time.Now()); wait > 0 {
		p.flush()
		select {
		case <-time.After(wait):
		case <-p.ctx.Done():
		}
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	b := p.pending[r.channel]
	if b != nil && (len(b.messages) == MaxMessages || b.bytes+len(r.data) > maxBytes) {
		p.send(r.channel)
		b = nil
	}
	if b == nil {
		b = &batch{}
		p.pending[r.channel] = b
	}
	b.messages = append(b.messages, &pubsubpb.PubsubMessage{Data: r.data})
	b.bytes += len(r.data)
	return nil
}

func (p *publisher) flush() {
	for channel := range p.pending {
		p.send(channel)
	}
}

func (p *publisher) send(channel event.Channel) {
	b := p.pending[channel]
	delete(p.pending, channel)
	p.group.Go(func() error {
		_, err := p.client.Publish(p.ctx, p.topics[channel], b.messages)
		return err
	})
}

// close publishes what is left. It returns when all requests are answered, with the first error.
func (p *publisher) close() error {
	p.flush()
	return p.group.Wait()
}

// pace spreads events evenly over time.
type pace struct {
	rate  float64 // events a second; 0 = no limit
	start time.Time
	sent  int64
}

// shortestWait lets the events of a fast replay collect into requests of a useful size.
const shortestWait = 10 * time.Millisecond

// next counts one event and returns how long to wait before it is sent; 0 means that it is due.
// After a wait that took longer than asked for, the events that are due by then do not wait.
func (p *pace) next(now time.Time) time.Duration {
	if p.rate == 0 {
		return 0
	}
	due := p.start.Add(time.Duration(float64(p.sent) / p.rate * float64(time.Second)))
	p.sent++
	if wait := due.Sub(now); wait > 0 {
		return max(wait, shortestWait)
	}
	return 0
}
