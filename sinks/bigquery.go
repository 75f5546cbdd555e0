package sinks

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

	"github.com/beamlytics/streamlytics/event"
)

// BigQueryConfig says where the tables of the warehouse are in BigQuery. It travels inside DoFns. Credentials are Google's
// default ones.
type BigQueryConfig struct {
	Project string // of the dataset
	Dataset string // empty: rows are not written to BigQuery
	// Emulator is the host:port of a service to be spoken to without TLS and credentials in place of Google's; empty: none.
	Emulator string
	// AnswerWithin is how long a request may go without an answer before its connection is given up and it is sent again,
	// so that its rows may be there twice; 0 means DefaultAnswerWithin.
	AnswerWithin time.Duration
}

// DefaultAnswerWithin leaves a slow line the time for what may be on its way at once.
const DefaultAnswerWithin = 2 * time.Minute

// Enabled reports whether rows are written to BigQuery.
func (c BigQueryConfig) Enabled() bool { return c.Dataset != "" }

// path is the full name of a table.
func (c BigQueryConfig) path(t Table) string {
	return managedwriter.TableParentFromParts(c.Project, c.Dataset, string(t))
}

// stream is the full name of a table's default stream.
func (c BigQueryConfig) stream(t Table) string { return c.path(t) + "/streams/_default" }

func (c BigQueryConfig) answerWithin() time.Duration {
	if c.AnswerWithin > 0 {
		return c.AnswerWithin
	}
	return DefaultAnswerWithin
}

// newClient makes a client that lives as long as ctx. It connects with the first call.
func (c BigQueryConfig) newClient(ctx context.Context) (*managedwriter.Client, error) {
	opts := []option.ClientOption{
		// A connection that nothing comes through is found dead, also in the middle of a request. More often is not allowed.
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

// The limits of one request. The service takes 10 MB; what a request has beside its rows is the stream's name and, in the first
// of a connection, their description.
const (
	maxRequestBytes = 9 << 20
	maxRequestRows  = 20_000
	// rowOverhead is what a row takes in a request beside its own bytes.
	rowOverhead = 8
	// maxRequests is how many requests to one table are on their way at once.
	maxRequests = 8
)

// BigQueryStats are called with what a BigQuery sink does; each may be nil.
type BigQueryStats struct {
	Rows    func(ctx context.Context, n int64)        // rows that were stored
	Refused func(ctx context.Context, r event.Reason) // a row became a dead letter
	Retries func(ctx context.Context)                 // a request failed and is sent again
}

// BigQuery writes rows to the tables of a dataset through the default streams of the Storage Write API: each row at least
// once. There is one client, and one stream a table, opened with the first row.
//
// Rows that the service refuses are handed one by one to the dead letters; the others of their request are stored without
// them. Where no row is to blame (a table is missing, a right, a column) writes block, and the log says what is wrong.
//
// It is safe for concurrent use.
type BigQuery struct {
	config BigQueryConfig
	stats  BigQueryStats

	client *managedwriter.Client
	ctx    context.Context // of all connections
	cancel context.CancelFunc
	tables map[Table]*bigQueryTable
	closed chan struct{}
	once   sync.Once // guards closed
}

// OpenBigQuery makes the sink; it connects with the first row. letters writes the dead letters of refused rows, and
// blocks as a sink does. Of refused rows of the table of dead letters it is told too, and must not write them there.
func OpenBigQuery(c BigQueryConfig, letters func(context.Context, Table, []event.DeadLetter) error, stats BigQueryStats) (*BigQuery, error) {
	ctx, cancel := context.WithCancel(context.Background())
	client, err := c.newClient(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	b := &BigQuery{config: c, stats: stats, client: client, ctx: ctx, cancel: cancel, tables: map[Table]*bigQueryTable{}, closed: make(chan struct{})}
	for _, t := range Tables {
		b.tables[t] = newBigQueryTable(b, t, func(ctx context.Context, l []event.DeadLetter) error { return letters(ctx, t, l) })
	}
	return b, nil
}

// Append writes rows, as protoRow encodes them, to a table. It returns when each is stored or, where the service refuses it, in the
// dead letters. It blocks as every sink does. An unknown table is an error at once.
//
// It keeps the rows, also after it has returned an error: they must not be changed.
func (b *BigQuery) Append(ctx context.Context, table Table, rows [][]byte) error {
	t := b.tables[table]
	if t == nil {
		return fmt.Errorf("append to BigQuery: no table %q", table)
	}
	if len(rows) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	requests, ctx := errgroup.WithContext(ctx)
	for len(rows) > 0 {
		var request [][]byte
		request, rows = cutRequest(rows)
		requests.Go(func() error { return t.append(ctx, request) })
	}
	if err := requests.Wait(); err != nil {
		return fmt.Errorf("append to BigQuery table %s: %w", t.path, err)
	}
	return nil
}

// cutRequest takes off the beginning of rows what fits into one request, and at least one.
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

// Close breaks the connections. Writes under way end with ErrClosed, as do later ones. Closing again does nothing.
func (b *BigQuery) Close() (err error) {
	b.once.Do(func() {
		close(b.closed)
		b.cancel() // what is being sent ends; else closing would wait for it
		for _, t := range b.tables {
			t.close()
		}
		if err = b.client.Close(); errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
			err = nil
		}
	})
	if err != nil {
		return fmt.Errorf("close BigQuery: %w", err)
	}
	return nil
}
