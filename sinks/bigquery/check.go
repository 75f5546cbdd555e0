package bigquery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"github.com/googleapis/gax-go/v2"
	bigqueryapi "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/sinks/retry"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// Check returns an error that lists the tables that are missing or do not take the rows of the
// archive. While the service is unavailable it asks again, until ctx ends.
func Check(ctx context.Context, c Config) error {
	err := CheckTables(ctx, c, rows.Tables[:]...)
	if err == nil || status.Code(err) == codes.Unavailable {
		return err
	}
	return fmt.Errorf("the tables of the warehouse are not ready; sql/tables.sql creates them:\n%w", err)
}

// CheckTables is Check for some of the tables. It changes nothing.
func CheckTables(ctx context.Context, c Config, tables ...rows.Table) error {
	clientCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	client, err := c.newClient(clientCtx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // nothing was written
	var errs []error
	for _, t := range tables {
		backoff := retry.Backoff()
		err := checkTable(ctx, client, c, t)
		for status.Code(err) == codes.Unavailable {
			if gax.Sleep(ctx, backoff.Pause()) != nil {
				return fmt.Errorf("BigQuery at %s cannot be reached: %w", c.address(), err)
			}
			err = checkTable(ctx, client, c, t)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// updateData is the right to append rows to a table.
const updateData = "bigquery.tables.updateData"

// MayAppend reports whether the account has the right to append rows to a table. It asks Google's
// REST service, which emulators of the Storage Write API are not. opts are for its client.
func MayAppend(ctx context.Context, c Config, t rows.Table, opts ...option.ClientOption) (bool, error) {
	service, err := bigqueryapi.NewService(ctx, opts...)
	if err != nil {
		return false, fmt.Errorf("connect to BigQuery: %w", err)
	}
	answer, err := service.Tables.TestIamPermissions(c.path(t),
		&bigqueryapi.TestIamPermissionsRequest{Permissions: []string{updateData}}).Context(ctx).Do()
	if err != nil {
		return false, fmt.Errorf("ask for the rights on table %s: %w", c.path(t), err)
	}
	return slices.Contains(answer.Permissions, updateData), nil
}

func checkTable(ctx context.Context, client *managedwriter.Client, c Config, t rows.Table) error {
	request := &storagepb.GetWriteStreamRequest{Name: c.stream(t), View: storagepb.WriteStreamView_FULL}
	stream, err := client.GetWriteStream(ctx, request, noRetries)
	if err != nil {
		err = causeOf(ctx, err)
		if hint := hintFor(err); hint != "" {
			return fmt.Errorf("table %s: %w (%s)", c.path(t), &plainError{err}, hint)
		}
		return fmt.Errorf("table %s: %w", c.path(t), &plainError{err})
	}
	if errs := schemaErrors(t.Columns(), stream.GetTableSchema()); len(errs) > 0 {
		for i, err := range errs {
			errs[i] = fmt.Errorf("table %s: %w", c.path(t), err)
		}
		return errors.Join(errs...)
	}
	return nil
}

// plainError formats an error of gRPC as its code and the first line of its message.
type plainError struct{ err error }

func (e *plainError) Error() string {
	s, ok := status.FromError(e.err)
	if !ok {
		return e.err.Error()
	}
	message, _, _ := strings.Cut(s.Message(), "\n")
	return s.Code().String() + ": " + message
}

func (e *plainError) Unwrap() error { return e.err }

// address returns where the service is dialled.
func (c Config) address() string {
	if c.Emulator != "" {
		return c.Emulator
	}
	return "bigquerystorage.googleapis.com:443"
}

// columnTypes maps the column types of the schema files to those of the Storage Write API.
var columnTypes = map[string]storagepb.TableFieldSchema_Type{
	"STRING":    storagepb.TableFieldSchema_STRING,
	"INT64":     storagepb.TableFieldSchema_INT64,
	"FLOAT64":   storagepb.TableFieldSchema_DOUBLE,
	"BOOL":      storagepb.TableFieldSchema_BOOL,
	"TIMESTAMP": storagepb.TableFieldSchema_TIMESTAMP,
	"NUMERIC":   storagepb.TableFieldSchema_NUMERIC,
	"BYTES":     storagepb.TableFieldSchema_BYTES,
	"JSON":      storagepb.TableFieldSchema_JSON,
}

// alsoTaken holds, for a column type, another that takes the same values.
var alsoTaken = map[storagepb.TableFieldSchema_Type]storagepb.TableFieldSchema_Type{
	storagepb.TableFieldSchema_NUMERIC: storagepb.TableFieldSchema_BIGNUMERIC,
	storagepb.TableFieldSchema_JSON:    storagepb.TableFieldSchema_STRING,
}

// schemaErrors returns what keeps a table from taking rows with these columns. A column that only
// the table has does no harm unless it is required.
func schemaErrors(columns []rows.Column, table *storagepb.TableSchema) (errs []error) {
	bad := func(column, format string, args ...any) {
		errs = append(errs, fmt.Errorf("column %s %w", column, fmt.Errorf(format, args...)))
	}
	known := map[string]bool{}
	for _, c := range columns {
		known[strings.ToLower(c.Name)] = true
		i := slices.IndexFunc(table.GetFields(), func(f *storagepb.TableFieldSchema) bool {
			return strings.EqualFold(f.GetName(), c.Name)
		})
		if i < 0 {
			bad(c.Name, "is missing")
			continue
		}
		f, want := table.GetFields()[i], columnTypes[c.Type]
		if f.GetType() != want && (alsoTaken[want] == 0 || f.GetType() != alsoTaken[want]) {
			bad(c.Name, "is %v, not %s", f.GetType(), c.Type)
		}
		switch mode := f.GetMode(); {
		case mode == storagepb.TableFieldSchema_REPEATED:
			bad(c.Name, "is REPEATED")
		case mode == storagepb.TableFieldSchema_REQUIRED && !c.Required():
			bad(c.Name, "is REQUIRED, and not every row has it")
		}
	}
	for _, f := range table.GetFields() {
		if !known[strings.ToLower(f.GetName())] && f.GetMode() == storagepb.TableFieldSchema_REQUIRED {
			bad(f.GetName(), "is REQUIRED, and no row has it")
		}
	}
	return errs
}
