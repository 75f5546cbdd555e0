package pipeline

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exampleDataset is the dataset of all examples, so that the commands of different documents fit
// together.
const exampleDataset = "retail"

// TestDocumentsNameOneDataset checks that the commands of documents and SQL files name one dataset,
// and that none gives BigQuery the views with the placeholder in them.
func TestDocumentsNameOneDataset(t *testing.T) {
	texts := documents(t)
	files, err := filepath.Glob("../sql/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no SQL: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(text)
	}
	named := regexp.MustCompile(`--dataset_id=(\w+)|mk --dataset \S+:(\w+)|` +
		`bigquery_dataset=(?:[\w-]+\.)?(\w+)|DATASET\\\./(\w+)\.|bq rm -r \S+ (\w+)`)
	seen := map[string]bool{}
	for name, text := range texts {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			seen[name] = true
			if got := strings.Join(m[1:], ""); got != exampleDataset {
				t.Errorf("%s names the dataset %s: %s", name, got, m[0])
			}
		}
		if strings.Contains(text, "< sql/views.sql") {
			t.Errorf("%s gives BigQuery sql/views.sql as it is", name)
		}
	}
	for _, name := range []string{"docs/DATAFLOW.md", "docs/WAREHOUSE.md", "../sql/views.sql"} {
		if !seen[name] {
			t.Errorf("%s names no dataset; found in %v", name, maps.Keys(seen))
		}
	}
}
