package deadletters

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// source is a place that keeps dead letters.
type source interface {
	// read returns all letters, the oldest first, numbered from 1. It passes the error of a letter
	// that cannot be read to warn, and leaves the letter out. A place that is no warehouse, or that
	// no letter was ever written to, is an error.
	read(ctx context.Context, warn func(error)) ([]letter, error)
}

// sourceOf returns the source that the flags name: a warehouse folder, or a BigQuery dataset, which
// is in project if it names none.
func sourceOf(warehouseDir, bigQueryDataset, project string) (source, error) {
	if bigQueryDataset == "" {
		if warehouseDir == "" {
			warehouseDir = "."
		}
		return folder(warehouseDir), nil
	}
	if warehouseDir != "" {
		return nil, errors.New("--warehouse_dir and --bigquery_dataset are two places: give one")
	}
	id := bigQueryDataset
	if i := strings.LastIndex(id, "."); i >= 0 { // the id of a project may have dots: example.com:shop
		project, id = id[:i], id[i+1:]
	}
	if project == "" || id == "" {
		return nil, fmt.Errorf("--bigquery_dataset: %q is neither project.dataset nor a dataset in --project",
			bigQueryDataset)
	}
	return dataset{project: project, id: id}, nil
}

// folder is the folder of a warehouse.
type folder string

func (f folder) read(_ context.Context, warn func(error)) ([]letter, error) {
	files, err := filepath.Glob(filepath.Join(string(f), string(rows.DeadLetters), "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("--warehouse_dir: %w", err)
	}
	var letters []letter
	for record, err := range deadletters.Read(string(f)) {
		switch {
		case err != nil && record.File == "":
			return nil, err
		case err != nil:
			warn(err)
		default:
			letters = append(letters, newLetter(len(letters)+1, fmt.Sprintf("%s:%d", record.File, record.Line), record))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no dead letters in %s: it has no %s/*.jsonl; "+
			"--warehouse_dir is the pipeline's, or the folder in which it was started without one",
			string(f), rows.DeadLetters)
	}
	return letters, nil
}
