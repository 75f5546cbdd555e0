package replay

import (
	"context"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"golang.org/x/sync/errgroup"

	"github.com/beamlytics/streamlytics/event"
)

// publisher gathers records into one request per topic and sends them at the pace, several requests at a time. Pub/Sub
// keeps no order between messages, and neither does it.
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

// requestsInFlight hides the round trip to the service.
const requestsInFlight = 4

func newPublisher(ctx context.Context, client *Client, topics map[event.Channel]string, rate float64) *publisher {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requestsInFlight)
	return &publisher{
		client: client, topics: topics, pace: pace{rate: rate, start: time.Now()},
		group: group, ctx: ctx, pending: map[event.Channel]*batch{},
	}
}

// add publishes the record, now or with others that are due at about the same time. An error is for close to tell.
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

// close sends what is left and returns when all requests are answered, with the first error.
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

// shortestWait gathers the events of a fast replay into requests worth sending.
const shortestWait = 10 * time.Millisecond

// next counts one event and says how long to wait before it is sent: 0 when it is due. After a wait of more than was due,
// the events that became due meanwhile do not wait.
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
