package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// CheckBigQuery asks for every table whether it is there and takes our rows. The error lists everything that is wrong. While the
// service is unavailable it asks again, until ctx ends.
func CheckBigQuery(ctx context.Context, c BigQueryConfig) error {
	clientCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	client, err := c.newClient(clientCtx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // it has only been asked
	var errs []error
	for _, t := range Tables {
		var wait backoff
		for {
			err := checkTable(ctx, client, c, t)
			if status.Code(err) == codes.Unavailable && wait.wait(ctx, nil) == nil {
				continue
			}
			if status.Code(err) == codes.Unavailable {
				return fmt.Errorf("BigQuery at %s cannot be reached: %w", c.address(), err)
			}
			if err != nil {
				errs = append(errs, err)
			}
			break
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("the tables of the warehouse are not ready; sql/tables.sql creates them:\n%w", errors.Join(errs...))
	}
	return nil
}

// fits reports whether the table takes our rows, as far as its schema says.
func (t *bigQueryTable) fits(ctx context.Context) bool {
	return checkTable(ctx, t.b.client, t.b.config, t.table) == nil
}

func checkTable(ctx context.Context, client *managedwriter.Client, c BigQueryConfig, t Table) error {
	stream, err := client.GetWriteStream(ctx, &storagepb.GetWriteStreamRequest{Name: c.stream(t), View: storagepb.WriteStreamView_FULL}, noRetries)
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

// plainError is an error of gRPC as its code and the first line of its message, without the details that follow.
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

// address is where the service is dialled.
func (c BigQueryConfig) address() string {
	if c.Emulator != "" {
		return c.Emulator
	}
	return "bigquerystorage.googleapis.com:443"
}

// alsoTaken are the types of columns that take what we write for another type too.
var alsoTaken = map[storagepb.TableFieldSchema_Type]storagepb.TableFieldSchema_Type{
	storagepb.TableFieldSchema_NUMERIC: storagepb.TableFieldSchema_BIGNUMERIC,
	storagepb.TableFieldSchema_JSON:    storagepb.TableFieldSchema_STRING,
}

// schemaErrors say what keeps a table from taking rows of columns. Columns that only the table has are no harm, unless
// they want a value.
func schemaErrors(columns []Column, table *storagepb.TableSchema) (errs []error) {
	bad := func(column, format string, args ...any) {
		errs = append(errs, fmt.Errorf("column %s %w", column, fmt.Errorf(format, args...)))
	}
	known := map[string]bool{}
	for _, c := range columns {
		known[strings.ToLower(c.Name)] = true
		i := slices.IndexFunc(table.GetFields(), func(f *storagepb.TableFieldSchema) bool { return strings.EqualFold(f.GetName(), c.Name) })
		if i < 0 {
			bad(c.Name, "is missing")
			continue
		}
		f, want := table.GetFields()[i], writeTypes[c.Type].column
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
