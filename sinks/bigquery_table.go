package sinks

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
)

const (
	// openWithin is how long the opening of a stream may take before it is tried again.
	openWithin = 30 * time.Second
	// idleFor is how long a stream may be unused before it is opened anew: the service closes those of ten minutes, which
	// would show as a failure of the next request.
	idleFor = 5 * time.Minute
)

// errNoAnswer says that a request may or may not have been carried out.
var errNoAnswer = errors.New("no answer in time")

// noRetries lets a call fail at once: waiting, trying again and telling about it is this package's, and not hidden in a library.
var noRetries = gax.WithRetry(func() gax.Retryer { return nil })

// bigQueryTable writes to one table.
type bigQueryTable struct {
	b        *BigQuery
	table    Table
	path     string
	letters  func(context.Context, []event.DeadLetter) error
	requests chan struct{} // has room for those that are on their way
	failures failureLog
	turn     chan struct{} // holds one element while nobody opens the stream: a lock that can be given up

	mu     sync.Mutex
	stream *writeStream // nil: to be opened
	used   time.Time    // when the stream was asked for last
}

// writeStream is an open stream.
type writeStream struct {
	*managedwriter.ManagedStream
	end context.CancelFunc
}

// abandon closes the stream; requests on it end. It does not wait: a request that hangs in the middle of its sending holds the
// library's lock.
func (s *writeStream) abandon() {
	go func() {
		_ = s.Close() // its error is always that it is closed
		s.end()
	}()
}

func newBigQueryTable(b *BigQuery, t Table, letters func(context.Context, []event.DeadLetter) error) *bigQueryTable {
	x := &bigQueryTable{
		b: b, table: t, path: b.config.path(t), letters: letters, requests: make(chan struct{}, maxRequests), turn: make(chan struct{}, 1),
		failures: failureLog{what: "write to BigQuery"},
	}
	x.turn <- struct{}{}
	return x
}

// append writes the rows of one request.
func (t *bigQueryTable) append(ctx context.Context, rows [][]byte) error {
	select {
	case t.requests <- struct{}{}:
		defer func() { <-t.requests }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.b.closed:
		return ErrClosed
	}
	return t.write(ctx, rows)
}

// write sends rows until each is stored or in the dead letters.
func (t *bigQueryTable) write(ctx context.Context, rows [][]byte) error {
	if len(rows) == 1 && len(rows[0])+rowOverhead > maxRequestBytes {
		return t.refuse(ctx, event.TooLarge, rows[0], fmt.Sprintf("it has %d bytes, more than %d", len(rows[0]), maxRequestBytes-rowOverhead))
	}
	var wait backoff
	for {
		answer, err := t.send(ctx, rows)
		if err == nil || status.Code(err) == codes.AlreadyExists {
			if f := t.b.stats.Rows; f != nil {
				f(ctx, int64(len(rows)))
			}
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.b.ctx.Err() != nil {
			return ErrClosed
		}
		switch bad := badRows(answer, len(rows)); {
		case len(bad) > 0:
			if rows, err = t.refuseRows(ctx, rows, bad); err != nil || len(rows) == 0 {
				return err
			}
			continue // without them, at once
		case answer != nil && status.Code(err) == codes.InvalidArgument && len(rows) > 1:
			// Something in it is wrong that the service does not point at. Halves find it, and let the others pass.
			half := len(rows) / 2
			if err := t.write(ctx, rows[:half]); err != nil {
				return err
			}
			rows = rows[half:]
			continue
		case answer != nil && status.Code(err) == codes.InvalidArgument && t.fits(ctx):
			// The table is as it should be: it is this row.
			return t.refuse(ctx, event.BadField, rows[0], status.Convert(err).Message())
		}
		if f := t.b.stats.Retries; f != nil {
			f(ctx)
		}
		t.failed(ctx, err)
		if cause := wait.wait(ctx, t.b.closed); cause != nil {
			return fmt.Errorf("%w (last failure: %w)", cause, err)
		}
	}
}

// failed logs a failure. What a person has to mend is an error, and says what to look at.
func (t *bigQueryTable) failed(ctx context.Context, err error) {
	level := slog.LevelWarn
	if hint := hintFor(err); hint != "" {
		level, err = slog.LevelError, fmt.Errorf("%w; %s; nothing is lost, rows wait", err, hint)
	}
	t.failures.failedAt(ctx, level, t.path, err)
}

// hintFor says what a person has to do about a failure that no repetition mends; it is empty for others.
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

// send sends one request and waits for its answer. Without an answer, nobody knows whether the rows are stored.
func (t *bigQueryTable) send(ctx context.Context, rows [][]byte) (*storagepb.AppendRowsResponse, error) {
	stream, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, t.b.config.answerWithin(), errNoAnswer)
	defer cancel()
	defer context.AfterFunc(t.b.ctx, cancel)()
	var answer *storagepb.AppendRowsResponse
	result, err := stream.AppendRows(waiting, rows)
	if err == nil {
		answer, err = result.FullResponse(waiting)
	}
	if answer != nil {
		return answer, err
	}
	if ctx.Err() == nil { // else it is the caller that does not wait
		t.leave(stream)
	}
	return nil, causeOf(waiting, err)
}

// causeOf is err, or why ctx ended if that is behind it.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// open returns the stream, opened if need be.
func (t *bigQueryTable) open(ctx context.Context) (*writeStream, error) {
	if s := t.current(); s != nil {
		return s, nil
	}
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-t.b.closed:
		return nil, ErrClosed
	}
	if s := t.current(); s != nil { // opened by the one before
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

// current is the open stream, nil if there is none that can be used.
func (t *bigQueryTable) current() *writeStream {
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

// leave gives a stream up, so that the next request opens another.
func (t *bigQueryTable) leave(s *writeStream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stream == s {
		t.stream = nil
		s.abandon()
	}
}

func (t *bigQueryTable) openNew(ctx context.Context) (*writeStream, error) {
	// The library asks the same, but would go on asking for ten minutes without a word.
	if _, err := t.b.client.GetWriteStream(ctx, &storagepb.GetWriteStreamRequest{Name: t.b.config.stream(t.table)}, noRetries); err != nil {
		return nil, err
	}
	kept, end := context.WithCancel(t.b.ctx) // the stream keeps its context, which must not end with this call's
	stop := context.AfterFunc(ctx, end)
	stream, err := t.b.client.NewManagedStream(kept,
		managedwriter.WithDestinationTable(t.path),
		managedwriter.WithType(managedwriter.DefaultStream),
		managedwriter.WithSchemaDescriptor(writeDescriptor(t.table)),
		managedwriter.WithTraceID("streamlytics"),
		managedwriter.WithAppendRowsCallOption(noRetries),
	)
	if err != nil {
		end()
		return nil, err
	}
	s := &writeStream{ManagedStream: stream, end: end}
	if !stop() { // the call's context ended in between, and the stream with it
		s.abandon()
		return nil, ctx.Err()
	}
	return s, nil
}

// close gives the open stream up for good.
func (t *bigQueryTable) close() {
	if s := t.current(); s != nil {
		t.leave(s)
	}
}
