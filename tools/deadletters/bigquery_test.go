package deadletters

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/bigquery"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// openDataset starts BigQuery with the tables of shop.inventory, writes letters there through the
// pipeline's sink, and sets the environment by which the commands find it.
func openDataset(t *testing.T, letters ...event.DeadLetter) *fakebigquery.Server {
	t.Helper()
	server := fakebigquery.StartWithTables(t, "shop", "inventory", "../../sinks/rows/schema")
	config := bigquery.Config{Project: "shop", Dataset: "inventory", Emulator: server.Addr()}
	sink, err := bigquery.Open(config, bigquery.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	b := sink.NewBatch()
	for _, l := range letters {
		b.DeadLetter(l)
	}
	if refused, err := sink.Write(t.Context(), b); err != nil || len(refused) > 0 {
		t.Fatalf("refused %v, error %v", refused, err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	queries := httptest.NewServer(server.Queries())
	t.Cleanup(queries.Close)
	t.Setenv(emulatorVariable, strings.TrimPrefix(queries.URL, "http://"))
	return server
}

const inventory = "--bigquery_dataset=shop.inventory"

// TestLettersInBigQuery checks that the commands print the same of letters in BigQuery and in a
// folder, except for the place.
func TestLettersInBigQuery(t *testing.T) {
	letters := []event.DeadLetter{
		deadLetter(event.POS, event.BadTime, event.NoItem, 1_700_000_000_000, event.Message{
			Data: []byte(badTime), ID: "m1", PublishedAt: 1_699_999_999_000,
			Attributes: map[string]string{"till": "7"}}),
		deadLetter(event.FILE, event.BadJSON, event.NoItem, 1_700_000_060_000,
			event.Message{Data: []byte("\xff12,1,6"), File: "s.csv", Line: 3}),
		deadLetter(event.WMS, event.Future, 2, 1_700_000_120_000, event.Message{Data: []byte(ahead), ID: "m3"}),
	}
	openDataset(t, letters...)
	dir := "--warehouse_dir=" + warehouse(t, letters...)
	for _, command := range []string{
		"list", "list --json", "list --reason=BAD_JSON,FUTURE", "list --since=1h", "show 1", "show 2", "show 3",
		"replay --n=1,3 --dry_run --project=p --pos_topic=pos --wms_topic=wms",
		"replay --n=2 --dry_run --project=p --file_topic=wms",
	} {
		want, _, wantErr := runCommand(t, append(strings.Fields(command), dir)...)
		got, warnings, err := runCommand(t, append(strings.Fields(command), inventory)...)
		if (err == nil) != (wantErr == nil) || warnings != "" {
			t.Fatalf("%s: %v and %v, warnings %s", command, err, wantErr, warnings)
		}
		if strings.HasPrefix(command, "show") {
			place, rest, _ := strings.Cut(got, "\n")
			if _, want, _ = strings.Cut(want, "\n"); !strings.HasSuffix(place, "(shop.inventory.dead_letters)") {
				t.Errorf("%s: the place is %s", command, place)
			}
			got = rest
		}
		if got != want {
			t.Errorf("%s of BigQuery:\n%s\nof a folder:\n%s", command, got, want)
		}
	}
}

func TestBigQueryErrors(t *testing.T) {
	server := openDataset(t)
	if out, _, err := runCommand(t, "list", inventory); err != nil || listed(out) != "" {
		t.Errorf("an empty table: %v\n%s", err, out)
	}
	server.DropTable(fakebigquery.TablePath("shop", "inventory", "dead_letters"))
	if _, _, err := runCommand(t, "list", inventory); err == nil ||
		!strings.Contains(err.Error(), "shop.inventory: Not found") ||
		!strings.Contains(err.Error(), "sql/tables.sql") {
		t.Errorf("a table that is not there: %v", err)
	}
	for _, name := range []string{"inventory", "shop.", ".inventory"} {
		if _, _, err := runCommand(t, "list", "--bigquery_dataset="+name); err == nil ||
			!strings.Contains(err.Error(), "is neither project.dataset nor") {
			t.Errorf("dataset %s: %v", name, err)
		}
	}
}
