package local

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/sinks/rows"
	warehouse "github.com/beamlytics/streamlytics/sql"
)

//go:embed requirements.txt
var requirements []byte

// googleSQL is a Python that has GoogleSQL: a virtual environment in the user's cache, made at the first run and whenever
// requirements.txt changes.
func googleSQL(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "streamlytics", fmt.Sprintf("googlesql-%x", sha256.Sum256(requirements))[:26])
	python := filepath.Join(dir, "bin", "python")
	ready := filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return python
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"},
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s\nit takes Python 3.10 or later with venv, and PyPI", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(ready, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return python
}

// work is what googlesql.py is asked for.
type work struct {
	Tables     map[rows.Table]workTable `json:"tables"`
	Statements []workStatement          `json:"statements"`
}

type workTable struct {
	Columns []rows.Column     `json:"columns"`
	Rows    []json.RawMessage `json:"rows"`
}

type workStatement struct {
	Name       string                   `json:"name"`
	SQL        string                   `json:"sql"`
	Query      bool                     `json:"query"`
	Parameters map[string]workParameter `json:"parameters"`
}

type workParameter struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// answer is what googlesql.py says of a statement.
type answer struct {
	Error   string
	Columns []string
	Rows    [][]any
}

// checkGoogleSQL gives all SQL, as it is, to the reference implementation of BigQuery's dialect. It must find every statement valid,
// names and types included, and every analysis must say the same there as in DuckDB, over the rows of a few products.
func (d *day) checkGoogleSQL(t *testing.T, _ *Warehouse) {
	few, err := Open(t.Context(), d.dir, clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	defer few.Close()
	d.keepFew(t, few)
	var asked work
	asked.Tables = map[rows.Table]workTable{}
	for _, table := range rows.Tables {
		asked.Tables[table] = workTable{Columns: table.Columns(), Rows: few.export(t, table)}
	}
	for _, file := range []string{"tables.sql", "views.sql"} {
		text, err := warehouse.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range statements(string(text)) {
			asked.Statements = append(asked.Statements, workStatement{Name: fmt.Sprint(file, " ", i), SQL: strings.ReplaceAll(s, "DATASET.", "")})
		}
	}
	letters, err := warehouse.Files.ReadFile(deadLettersSQL)
	if err != nil {
		t.Fatal(err)
	}
	asked.Statements = append(asked.Statements, workStatement{Name: deadLettersSQL, SQL: string(letters), Query: true})
	all, err := Analyses()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d analyses, %v", len(all), err)
	}
	for _, a := range all {
		given := d.parameters(d.wallPeriod(a.Name))
		s := workStatement{Name: a.Name, SQL: a.SQL, Query: true, Parameters: map[string]workParameter{}}
		for _, p := range a.Parameters {
			switch v := given[p].(type) {
			case time.Time:
				s.Parameters[p] = workParameter{"TIMESTAMP", v.Format(time.RFC3339Nano)}
			default:
				s.Parameters[p] = workParameter{"INT64", v}
			}
		}
		asked.Statements = append(asked.Statements, s)
	}
	answers := ask(t, asked)
	for _, s := range asked.Statements {
		a, ok := answers[s.Name]
		if !ok || a.Error != "" {
			t.Errorf("GoogleSQL says of %s: %s (%t)", s.Name, a.Error, ok)
			continue
		}
		if s.Name == deadLettersSQL {
			few.checkLetters(t, a)
		} else if s.Query {
			if len(a.Rows) == 0 {
				t.Errorf("%s says nothing", s.Name)
			}
			from, to := d.wallPeriod(s.Name)
			if err := agree(Result{Columns: a.Columns, Rows: a.Rows}, d.result(t, few, s.Name, from, to)); err != nil {
				t.Errorf("%s, GoogleSQL and DuckDB: %v", s.Name, err)
			}
		}
	}
}

// wallPeriod is the period of the day for an analysis of a warehouse whose wall times are as they are: refusals have no other.
func (d *day) wallPeriod(analysis string) (from, to time.Time) {
	if analysis == "refusals" {
		return d.clock.WallOf(d.from.UnixMilli()), d.clock.WallOf(d.to.UnixMilli()).Add(time.Second)
	}
	return d.from, d.to
}

// deadLettersSQL is what the program deadletters asks BigQuery. It has no parameters, and DuckDB does not have its function.
const deadLettersSQL = "dead_letters.sql"

// checkLetters compares GoogleSQL's answer to deadLettersSQL with the rows of the table, each once and in the order of time.
func (w *Warehouse) checkLetters(t *testing.T, a answer) {
	t.Helper()
	record := func(line []byte) string {
		var l deadletters.Record
		if err := json.Unmarshal(line, &l); err != nil || l.FailedAt.IsZero() {
			t.Fatalf("dead letter %s: %v", line, err)
		}
		again, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		return string(again)
	}
	want := map[string]bool{}
	for _, row := range w.export(t, rows.DeadLetters) {
		want[record(row)] = true
	}
	var last time.Time
	for _, row := range a.Rows {
		line := []byte(row[0].(string))
		if !want[record(line)] {
			t.Errorf("letter %s is none of the table's", line)
		}
		var l deadletters.Record
		if err := json.Unmarshal(line, &l); err != nil || l.FailedAt.Before(last) {
			t.Errorf("letter %s is out of order (%v)", line, err)
		}
		last = l.FailedAt
	}
	if len(a.Rows) != len(want) || len(want) == 0 {
		t.Errorf("%d letters, want %d", len(a.Rows), len(want))
	}
}

func ask(t *testing.T, asked work) map[string]answer {
	t.Helper()
	input, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	python := googleSQL(t)
	cmd := exec.CommandContext(t.Context(), python, "googlesql.py")
	var failure bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &failure
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("googlesql.py: %v: %s", err, failure.Bytes())
	}
	var answers map[string]answer
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatalf("googlesql.py: %v: %s", err, output)
	}
	return answers
}

// keepFew drops all but a few products, of which every analysis has something to say, and all but a few dead letters: the reference
// implementation is exact, not fast.
func (d *day) keepFew(t *testing.T, w *Warehouse) {
	t.Helper()
	w.plant(t, "CREATE TEMP TABLE kept (product_id VARCHAR)")
	for _, product := range d.telling(t, w) {
		w.plant(t, "INSERT INTO kept VALUES ("+literal(product)+")")
	}
	for _, table := range rows.Tables {
		if table != rows.DeadLetters {
			w.plant(t, "DELETE FROM "+string(table)+" WHERE product_id NOT IN (FROM kept)")
		}
	}
	w.plant(t, "DELETE FROM dead_letters WHERE octet_length(raw) > 10000 OR failed_at NOT IN (SELECT failed_at FROM dead_letters ORDER BY failed_at LIMIT 30)")
	w.writeAgain(t)
}

// telling is few products with few events such that every analysis has rows about one of them: the outlet's is for those by store.
func (d *day) telling(t *testing.T, w *Warehouse) (products []string) {
	t.Helper()
	all, err := Analyses()
	if err != nil {
		t.Fatal(err)
	}
	products = []string{outletProduct}
	about := map[string]map[string]bool{} // by product, the analyses that have rows about it
	untold := map[string]bool{}
	for _, a := range all {
		from, to := d.wallPeriod(a.Name)
		for _, r := range tableOf(d.result(t, w, a.Name, from, to)) {
			product, ok := r["product_id"].(string)
			if !ok {
				break
			}
			if about[product] == nil {
				about[product] = map[string]bool{}
			}
			about[product][a.Name], untold[a.Name] = true, true
		}
	}
	sizes, err := w.query(t.Context(), "SELECT product_id FROM events GROUP BY product_id ORDER BY count(*), product_id")
	if err != nil {
		t.Fatal(err)
	}
	for len(untold) > 0 {
		best, most := "", 0
		for _, row := range sizes.Rows {
			product, tells := row[0].(string), 0
			for name := range untold {
				if about[product][name] {
					tells++
				}
			}
			if tells > most {
				best, most = product, tells
			}
		}
		if most == 0 {
			t.Fatalf("there are no events of the products of %v", untold)
		}
		products = append(products, best)
		for name := range about[best] {
			delete(untold, name)
		}
	}
	return products
}

// export is a table as JSON lines, as BigQuery would load them.
func (w *Warehouse) export(t *testing.T, table rows.Table) (rows []json.RawMessage) {
	t.Helper()
	var columns []string
	for _, c := range table.Columns() {
		name := quoted(c.Name)
		switch c.Type {
		case "TIMESTAMP":
			columns = append(columns, "strftime("+name+", '%Y-%m-%dT%H:%M:%S.%gZ') AS "+name)
		case "BYTES":
			columns = append(columns, "to_base64("+name+") AS "+name)
		default:
			columns = append(columns, name)
		}
	}
	r, err := w.query(t.Context(), "SELECT CAST(to_json(r) AS VARCHAR) FROM (SELECT "+strings.Join(columns, ", ")+" FROM "+string(table)+") AS r")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		rows = append(rows, json.RawMessage(row[0].(string)))
	}
	return rows
}
