package bigquery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/retry"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

const (
	// openWithin is how long the opening of a stream may take before it is tried again.
	openWithin = 30 * time.Second
	// idleFor is how long a stream may be unused before it is replaced. The service closes a stream
	// after ten minutes, which would show as a failure of the next request.
	idleFor = 5 * time.Minute
)

// errNoAnswer reports a request that may or may not have been carried out.
var errNoAnswer = errors.New("no answer in time")

// noRetries makes a call fail at once. Retries are logged and counted here, not hidden in a
// library.
var noRetries = gax.WithRetry(func() gax.Retryer { return nil })

// table writes to one table.
type table struct {
	sink     *Sink
	name     rows.Table
	path     string
	requests chan struct{} // has room for those that are on their way
	target   *retry.Target
	turn     chan struct{} // holds one element while nobody opens the stream: a lock with a timeout

	mu     sync.Mutex
	stream *writeStream // nil: to be opened
	used   time.Time    // when the stream was last requested
}

// writeStream is an open stream.
type writeStream struct {
	*managedwriter.ManagedStream
	end context.CancelFunc
}

// abandon closes the stream and ends requests on it. It does not wait: a request that hangs while
// it is sent holds the library's lock.
func (s *writeStream) abandon() {
	go func() {
		_ = s.Close() // its error is always that it is closed
		s.end()
	}()
}

func newTable(s *Sink, name rows.Table) *table {
	path := s.config.path(name)
	t := &table{
		sink: s, name: name, path: path, requests: make(chan struct{}, maxRequests), turn: make(chan struct{}, 1),
		target: retry.NewTarget("write to BigQuery", path, s.closed),
	}
	t.turn <- struct{}{}
	return t
}

// append writes the rows of one request.
func (t *table) append(ctx context.Context, request [][]byte, refused *refusals) error {
	select {
	case t.requests <- struct{}{}:
		defer func() { <-t.requests }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.sink.closed:
		return retry.ErrClosed
	}
	return t.write(ctx, request, refused)
}

// write sends a request until each of its rows is stored or refused.
func (t *table) write(ctx context.Context, request [][]byte, refused *refusals) error {
	if len(request) == 1 && len(request[0])+rowOverhead > maxRequestBytes {
		detail := fmt.Sprintf("it has %d bytes, more than %d", len(request[0]), maxRequestBytes-rowOverhead)
		refused.add(t, event.TooLarge, request[0], detail)
		return nil
	}
	backoff := retry.Backoff()
	for {
		answer, err := t.send(ctx, request)
		if err == nil || status.Code(err) == codes.AlreadyExists {
			if f := t.sink.stats.Rows; f != nil {
				f(ctx, int64(len(request)))
			}
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.sink.ctx.Err() != nil {
			return retry.ErrClosed
		}
		invalid := answer != nil && status.Code(err) == codes.InvalidArgument
		if bad := badRows(answer, len(request)); len(bad) > 0 {
			if request = refused.addBad(t, request, bad); len(request) == 0 {
				return nil
			}
			continue // at once, without the bad rows
		}
		if invalid && len(request) > 1 {
			// The service does not name the row that is wrong. Halving finds it and stores the
			// others.
			half := len(request) / 2
			if err := t.write(ctx, request[:half], refused); err != nil {
				return err
			}
			request = request[half:]
			continue
		}
		if invalid && checkTable(ctx, t.sink.client, t.sink.config, t.name) == nil {
			refused.add(t, event.BadField, request[0], status.Convert(err).Message()) // the table is not to blame
			return nil
		}
		if f := t.sink.stats.Retries; f != nil {
			f(ctx)
		}
		level := slog.LevelWarn
		if hint := hintFor(err); hint != "" { // a person has to act
			level, err = slog.LevelError, fmt.Errorf("%w; %s; nothing is lost, rows wait", err, hint)
		}
		if err := t.target.Wait(ctx, &backoff, level, err); err != nil {
			return err
		}
	}
}

// hintFor returns the remedy of a failure that no repetition mends, and an empty string for others.
func hintFor(err error) string {
	switch status.Code(err) {
	case codes.NotFound:
		return "sql/tables.sql creates the tables"
	case codes.PermissionDenied, codes.Unauthenticated:
		return "grant bigquery.tables.get and bigquery.tables.updateData on the dataset (roles/bigquery.dataEditor)"
	case codes.InvalidArgument, codes.FailedPrecondition:
		return "compare the table with sql/tables.sql"
	case codes.ResourceExhausted:
		return "look at the project's quotas of the Storage Write API"
	}
	return ""
}

// send sends one request and waits for its answer. Without an answer the rows may or may not be
// stored.
func (t *table) send(ctx context.Context, rows [][]byte) (*storagepb.AppendRowsResponse, error) {
	stream, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, t.sink.answerWithin, errNoAnswer)
	defer cancel()
	defer context.AfterFunc(t.sink.ctx, cancel)()
	var answer *storagepb.AppendRowsResponse
	result, err := stream.AppendRows(waiting, rows)
	if err == nil {
		answer, err = result.FullResponse(waiting)
	}
	if answer != nil {
		return answer, err
	}
	if ctx.Err() == nil { // otherwise the caller has given up
		t.leave(stream)
	}
	return nil, causeOf(waiting, err)
}

// causeOf returns the cause of ctx if it has ended, else err.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// open returns the stream. It opens one if there is none.
func (t *table) open(ctx context.Context) (*writeStream, error) {
	if s := t.current(); s != nil {
		return s, nil
	}
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-t.sink.closed:
		return nil, retry.ErrClosed
	}
	if s := t.current(); s != nil { // opened by another caller meanwhile
		return s, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, openWithin, errNoAnswer)
	defer cancel()
	s, err := t.openNew(ctx)
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stream, t.used = s, time.Now()
	return s, nil
}

// current returns the open stream, nil if there is none that can be used.
func (t *table) current() *writeStream {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.stream != nil && now.Sub(t.used) > idleFor {
		t.stream.abandon()
		t.stream = nil
	}
	t.used = now
	return t.stream
}

// leave abandons a stream, so that the next request opens another.
func (t *table) leave(s *writeStream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stream == s {
		t.stream = nil
		s.abandon()
	}
}

func (t *table) openNew(ctx context.Context) (*writeStream, error) {
	// The library makes the same call, but would retry it for ten minutes without a log.
	request := &storagepb.GetWriteStreamRequest{Name: t.sink.config.stream(t.name)}
	if _, err := t.sink.client.GetWriteStream(ctx, request, noRetries); err != nil {
		return nil, err
	}
	kept, end := context.WithCancel(t.sink.ctx) // the stream keeps its context, which outlives this call's
	stop := context.AfterFunc(ctx, end)
	stream, err := t.sink.client.NewManagedStream(kept,
		managedwriter.WithDestinationTable(t.path),
		managedwriter.WithType(managedwriter.DefaultStream),
		managedwriter.WithSchemaDescriptor(t.name.Descriptor()),
		managedwriter.WithTraceID("streamlytics"),
		managedwriter.WithAppendRowsCallOption(noRetries),
	)
	if err != nil {
		end()
		return nil, err
	}
	s := &writeStream{ManagedStream: stream, end: end}
	if !stop() { // ctx ended in between, and the stream with it
		s.abandon()
		return nil, ctx.Err()
	}
	return s, nil
}

// close abandons the open stream.
func (t *table) close() {
	if s := t.current(); s != nil {
		t.leave(s)
	}
}
