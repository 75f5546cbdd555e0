package bigquery

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// TestCheckBigQuery names everything that is wrong with the tables, in one error.
func TestCheckBigQuery(t *testing.T) {
	server := fakebigquery.StartWithTables(t, "p", "d", "../rows/schema")
	c := Config{Project: "p", Dataset: "d", Emulator: server.Addr()}
	check := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return Check(ctx, c)
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	server.DropTable(c.path(rows.DeadLetters))
	alter := func(table rows.Table, from, to string) {
		t.Helper()
		schema := table.Schema()
		changed := bytes.Replace(schema, []byte(from), []byte(to), 1)
		if bytes.Equal(changed, schema) {
			t.Fatalf("no %s in the schema of %s", from, table)
		}
		if err := server.CreateTable(c.path(table), changed); err != nil {
			t.Fatal(err)
		}
	}
	alter(rows.Events, `"name": "price", "type": "NUMERIC"`, `"name": "price", "type": "FLOAT64"`)
	alter(rows.StockChanges, `"name": "barrier", "type": "TIMESTAMP", "mode": "NULLABLE"`,
		`"name": "barrier", "type": "TIMESTAMP", "mode": "REQUIRED"`)
	alter(rows.BadgeChanges, `"name": "score", "type": "INT64", "mode": "NULLABLE"`,
		`"name": "points", "type": "INT64", "mode": "REQUIRED"`)
	alter(rows.VelocitySignals, `"name": "window"`, `"name": "WINDOW"`) // columns' names have no case
	err := check()
	if err == nil {
		t.Fatal("nothing is found")
	}
	for _, want := range []string{
		"tables/dead_letters: ", "NotFound", "tables/events: column price is DOUBLE, not NUMERIC",
		"tables/stock_changes: column barrier is REQUIRED",
		"tables/badge_changes: column score is missing",
		"tables/badge_changes: column points is REQUIRED", "sql/tables.sql",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "velocity_signals") {
		t.Errorf("a table without a fault is named:\n%v", err)
	}
	server.Inject(func(f *fakebigquery.Faults) { f.Deny = codes.PermissionDenied })
	if err := check(); err == nil || !strings.Contains(err.Error(), "bigquery.tables.get") {
		t.Errorf("without rights: %v", err)
	}
	server.Stop()
	if err := check(); err == nil || !strings.Contains(fmt.Sprint(err), "projects/p/datasets/d/tables/events") {
		t.Errorf("without a service: %v", err)
	}
}

// TestMayAppend asks for the right to append over REST.
func TestMayAppend(t *testing.T) {
	server := fakebigquery.StartWithTables(t, "p", "d", "../rows/schema")
	rest := httptest.NewServer(server.Queries())
	defer rest.Close()
	may := func(dataset string) (bool, error) {
		return MayAppend(t.Context(), Config{Project: "p", Dataset: dataset}, rows.Events,
			option.WithEndpoint(rest.URL+"/bigquery/v2/"), option.WithoutAuthentication())
	}
	for _, c := range []struct {
		name, dataset string
		none, want    bool
	}{{"all rights", "d", false, true}, {"no rights", "d", true, false}, {"no table", "other", false, false}} {
		server.Inject(func(f *fakebigquery.Faults) { f.NoRights = c.none })
		if got, err := may(c.dataset); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	rest.Close()
	if _, err := may("d"); err == nil || !strings.Contains(err.Error(), "p/datasets/d/tables/events") {
		t.Errorf("without a service: %v", err)
	}
}
