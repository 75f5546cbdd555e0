package pipeline

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/sinks/bigquery"
)

// BigQueryEmulatorVariable is the environment variable that names a service to be used in place of BigQuery's Storage Write API,
// as host:port. Google's libraries know none for it.
const BigQueryEmulatorVariable = "BIGQUERY_WRITE_EMULATOR_HOST"

var (
	datasetName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	projectName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]*$`) // with the domain that old projects have
)

// bigQuery says where the warehouse's tables are; the zero value when there is no dataset.
func (o Options) bigQuery() (bigquery.Config, error) {
	if o.BigQueryDataset == "" {
		return bigquery.Config{}, nil
	}
	c := bigquery.Config{Project: o.Project, Dataset: o.BigQueryDataset, Emulator: o.BigQueryEmulator}
	if i := strings.LastIndexByte(o.BigQueryDataset, '.'); i >= 0 {
		c.Project, c.Dataset = o.BigQueryDataset[:i], o.BigQueryDataset[i+1:]
	}
	switch {
	case !datasetName.MatchString(c.Dataset) || len(c.Dataset) > 1024:
		return c, fmt.Errorf("%q is neither dataset nor project.dataset: a dataset's name has letters, digits and underscores", o.BigQueryDataset)
	case c.Project == "":
		return c, fmt.Errorf("%q is in no project; give --project too, or project.dataset", o.BigQueryDataset)
	case !projectName.MatchString(c.Project):
		return c, fmt.Errorf("%q: %q is not the id of a project", o.BigQueryDataset, c.Project)
	}
	return c, nil
}

func (o Options) validateBigQuery(bad reportFunc) {
	if _, err := o.bigQuery(); err != nil {
		bad("bigquery_dataset", "%w", err)
	}
}

// checkBigQuery fails early where tables cannot take our rows.
func (p *Pipeline) checkBigQuery(ctx context.Context) error {
	c, err := p.options.bigQuery()
	if err != nil || !c.Enabled() {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return bigquery.Check(ctx, c)
}
