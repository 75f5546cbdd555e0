package deadletters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sql"
)

// emulatorVariable names the environment variable that holds the host:port of a service that
// replaces BigQuery. The service is called over HTTP without credentials. Google's own libraries
// read the same variable.
const emulatorVariable = "BIGQUERY_EMULATOR_HOST"

// dataset is a dataset of BigQuery that a pipeline writes to.
type dataset struct{ project, id string }

func (d dataset) read(ctx context.Context, warn func(error)) ([]letter, error) {
	lines, err := d.query(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the dead letters of %s.%s: %w", d.project, d.id, explain(err))
	}
	place := fmt.Sprintf("%s.%s.%s", d.project, d.id, rows.DeadLetters)
	var letters []letter
	for i, line := range lines {
		var record deadletters.Record
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			warn(fmt.Errorf("read dead letter %d of %s: %w", i+1, place, err))
			continue
		}
		letters = append(letters, newLetter(len(letters)+1, place, record))
	}
	return letters, nil
}

// query runs sql/dead_letters.sql and returns its one column.
func (d dataset) query(ctx context.Context) ([]string, error) {
	text, err := sql.Files.ReadFile("dead_letters.sql")
	if err != nil {
		return nil, err
	}
	service, err := newService(ctx)
	if err != nil {
		return nil, err
	}
	first, err := service.Jobs.Query(d.project, &bigquery.QueryRequest{
		Query: string(text), UseLegacySql: new(false),
		DefaultDataset: &bigquery.DatasetReference{ProjectId: d.project, DatasetId: d.id},
	}).Context(ctx).Do()
	if err != nil {
		return nil, err
	}
	lines, complete, page := linesOf(nil, first.Rows), first.JobComplete, first.PageToken
	for !complete || page != "" {
		next, err := service.Jobs.GetQueryResults(d.project, first.JobReference.JobId).
			Location(first.JobReference.Location).PageToken(page).Context(ctx).Do()
		if err != nil {
			return nil, err
		}
		lines, complete, page = linesOf(lines, next.Rows), next.JobComplete, next.PageToken
	}
	return lines, nil
}

// newService returns a client with Google's default credentials, or one of the emulator.
func newService(ctx context.Context) (*bigquery.Service, error) {
	host := os.Getenv(emulatorVariable)
	if host == "" {
		return bigquery.NewService(ctx, option.WithScopes(bigquery.BigqueryScope))
	}
	if !strings.Contains(host, "://") {
		host = "http://" + host
	}
	return bigquery.NewService(ctx,
		option.WithEndpoint(strings.TrimSuffix(host, "/")+"/bigquery/v2/"), option.WithoutAuthentication())
}

func linesOf(lines []string, rows []*bigquery.TableRow) []string {
	for _, row := range rows {
		for _, cell := range row.F {
			line, _ := cell.V.(string) // anything else is no JSON and is reported as such
			lines = append(lines, line)
		}
	}
	return lines
}

// explain adds to an answer of the service what the user can do about it.
func explain(err error) error {
	answer, ok := errors.AsType[*googleapi.Error](err)
	switch {
	case !ok:
		return err
	case answer.Code == http.StatusNotFound:
		return fmt.Errorf("%s; sql/tables.sql creates the tables", answer.Message)
	case answer.Code == http.StatusForbidden:
		return fmt.Errorf("%s; it takes roles/bigquery.jobUser on the project "+
			"and roles/bigquery.dataViewer on the dataset", answer.Message)
	default:
		return errors.New(answer.Message)
	}
}
