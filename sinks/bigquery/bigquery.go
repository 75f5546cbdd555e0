// Package bigquery writes rows of the archive to the tables of a BigQuery dataset by the Storage
// Write API.
package bigquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/managedwriter"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/beamlytics/streamlytics/sinks/rows"
)

// Config names the dataset that holds the tables of the archive. It travels inside DoFns.
// Credentials are Google's default ones.
type Config struct {
	Project string // of the dataset
	Dataset string // empty: rows are not written to BigQuery
	// Emulator is the host:port of a service that is used without TLS and credentials in place of
	// Google's; empty: none.
	Emulator string
}

// answerWithin is how long a request may be without an answer. Then its connection is closed and
// the request is sent again, so that its rows may be stored twice. It is long enough for a slow
// line to transmit what may be on its way at once.
const answerWithin = 2 * time.Minute

// Enabled reports whether rows are written to BigQuery.
func (c Config) Enabled() bool { return c.Dataset != "" }

// path returns the full name of a table.
func (c Config) path(t rows.Table) string {
	return managedwriter.TableParentFromParts(c.Project, c.Dataset, string(t))
}

// stream returns the full name of a table's default stream.
func (c Config) stream(t rows.Table) string { return c.path(t) + "/streams/_default" }

// newClient returns a client that lives as long as ctx. It connects with the first call.
func (c Config) newClient(ctx context.Context) (*managedwriter.Client, error) {
	opts := []option.ClientOption{
		// Keepalive finds a dead connection also in the middle of a request. The service allows no
		// shorter interval.
		option.WithGRPCDialOption(grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute})),
	}
	if c.Emulator != "" {
		opts = append(opts, option.WithEndpoint(c.Emulator), option.WithoutAuthentication(),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	}
	client, err := managedwriter.NewClient(ctx, c.Project, opts...)
	if err != nil {
		return nil, fmt.Errorf("make a client of BigQuery: %w", err)
	}
	return client, nil
}

// The limits of one request. The service takes 10 MB. Beside its rows a request has the stream's
// name and, the first of a connection, the description of the rows.
const (
	maxRequestBytes = 9 << 20
	maxRequestRows  = 20_000
	// rowOverhead is what a row takes in a request beside its own bytes.
	rowOverhead = 8
	// maxRequests is how many requests to one table are on their way at once.
	maxRequests = 8
)

// Stats are functions that are called with what a sink does. Each may be nil; the others must be
// safe for concurrent use.
type Stats struct {
	Rows    func(ctx context.Context, n int64) // rows that were stored
	Retries func(ctx context.Context)          // a request failed and is sent again
}

// Sink writes rows to the tables of a dataset through their default streams: each row at least
// once. It has one client, and one stream a table, opened with the first row.
//
// It separates the rows that the service refuses from the others of their request. Where no row is
// to blame (a table is missing, a right, a column) writes block, and the log names the remedy.
//
// It is safe for concurrent use.
type Sink struct {
	config       Config
	stats        Stats
	answerWithin time.Duration

	client *managedwriter.Client
	ctx    context.Context // of all connections
	cancel context.CancelFunc
	tables [len(rows.Tables)]*table
	closed chan struct{}
	once   sync.Once // guards closed
}

// Open returns a sink. It connects with the first row.
func Open(c Config, stats Stats) (*Sink, error) {
	ctx, cancel := context.WithCancel(context.Background())
	client, err := c.newClient(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &Sink{
		config: c, stats: stats, answerWithin: answerWithin,
		client: client, ctx: ctx, cancel: cancel, closed: make(chan struct{}),
	}
	for i, t := range rows.Tables {
		s.tables[i] = newTable(s, t)
	}
	return s, nil
}

// NewBatch returns an empty batch of messages.
func (s *Sink) NewBatch() *rows.Batch { return rows.NewMessages(maxRequestBytes - rowOverhead) }

// Write stores a batch. When it returns without an error, each row is stored, or refused by the
// service and returned. It blocks and retries as every sink does.
//
// It keeps the rows, also after it has returned an error: they must not be changed.
func (s *Sink) Write(ctx context.Context, b *rows.Batch) ([]rows.Refused, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var refused refusals
	requests, ctx := errgroup.WithContext(ctx)
	for _, t := range s.tables {
		rest := b.Messages(t.name)
		for len(rest) > 0 {
			var request [][]byte
			request, rest = cutRequest(rest)
			requests.Go(func() error {
				if err := t.append(ctx, request, &refused); err != nil {
					return fmt.Errorf("append to BigQuery table %s: %w", t.path, err)
				}
				return nil
			})
		}
	}
	if err := requests.Wait(); err != nil {
		return nil, err
	}
	return refused.rows, nil
}

// cutRequest splits rows behind those that fit into one request. The request has at least one row.
func cutRequest(rows [][]byte) (request, rest [][]byte) {
	size, n := 0, 0
	for n < len(rows) && n < maxRequestRows {
		size += len(rows[n]) + rowOverhead
		if n > 0 && size > maxRequestBytes {
			break
		}
		n++
	}
	return rows[:n], rows[n:]
}

// Close closes the connections. Writes that are waiting, and later ones, return ErrClosed of
// package retry. Another Close does nothing.
func (s *Sink) Close() (err error) {
	s.once.Do(func() {
		close(s.closed)
		s.cancel() // ends what is being sent; otherwise closing would wait for it
		for _, t := range s.tables {
			t.close()
		}
		if err = s.client.Close(); errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
			err = nil
		}
	})
	if err != nil {
		return fmt.Errorf("close BigQuery: %w", err)
	}
	return nil
}
