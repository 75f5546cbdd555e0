package fakebigquery

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"
)

const (
	pageRows = 2 // rows of a result in one answer
	location = "EU"
)

var fromTable = regexp.MustCompile(`(?i)\bFROM\s+([a-z_]+)`)

// Queries returns a handler of BigQuery's REST methods jobs.query, jobs.getQueryResults and
// tables.testIamPermissions. The account has all rights that are asked for, unless Faults.NoRights
// is set. The handler does not interpret SQL: the result of a query is the table after its first
// FROM, each distinct row once, as one STRING column of JSON. A query is complete only at the
// second request, and its rows come in pages.
func (s *Server) Queries() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /bigquery/v2/projects/{project}/queries", func(w http.ResponseWriter, r *http.Request) {
		var q bigquery.QueryRequest
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.UseLegacySql == nil || *q.UseLegacySql ||
			q.DefaultDataset == nil {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("no query in GoogleSQL over a default dataset (%v)", err))
			return
		}
		table := fromTable.FindStringSubmatch(q.Query)
		if table == nil {
			refuse(w, http.StatusBadRequest, "Syntax error: there is no FROM")
			return
		}
		path := TablePath(q.DefaultDataset.ProjectId, q.DefaultDataset.DatasetId, table[1])
		if !s.hasTable(path) {
			refuse(w, http.StatusNotFound, "Not found: Table "+path)
			return
		}
		job := &bigquery.JobReference{ProjectId: r.PathValue("project"), JobId: jobID(path), Location: location}
		answer(w, bigquery.QueryResponse{JobReference: job})
	})
	mux.HandleFunc("GET /bigquery/v2/projects/{project}/queries/{job}", func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("pageToken")) // the first page has no token
		rows := s.distinct(r.PathValue("job"))
		if r.URL.Query().Get("location") != location || from > len(rows) {
			refuse(w, http.StatusNotFound, "Not found: Job "+r.PathValue("job"))
			return
		}
		a := bigquery.GetQueryResultsResponse{JobComplete: true, TotalRows: uint64(len(rows))}
		for _, row := range rows[from:min(from+pageRows, len(rows))] {
			a.Rows = append(a.Rows, &bigquery.TableRow{F: []*bigquery.TableCell{{V: string(row)}}})
		}
		if from+pageRows < len(rows) {
			a.PageToken = strconv.Itoa(from + pageRows)
		}
		answer(w, a)
	})
	const tables = "/bigquery/v2/projects/{project}/datasets/{dataset}/tables/"
	mux.HandleFunc("POST "+tables+"{method}", func(w http.ResponseWriter, r *http.Request) {
		var q bigquery.TestIamPermissionsRequest
		table, found := strings.CutSuffix(r.PathValue("method"), ":testIamPermissions")
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || !found {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("no testIamPermissions (%v)", err))
			return
		}
		s.mu.Lock()
		none := s.faults.NoRights
		s.mu.Unlock()
		if none || !s.hasTable(TablePath(r.PathValue("project"), r.PathValue("dataset"), table)) {
			q.Permissions = nil // also for a missing table
		}
		answer(w, bigquery.TestIamPermissionsResponse{Permissions: q.Permissions})
	})
	return mux
}

// jobID returns the id of a job over a table. It contains the table's path, so jobs need no
// storage.
func jobID(table string) string { return base64.RawURLEncoding.EncodeToString([]byte(table)) }

// distinct returns the rows of a job's table, each once.
func (s *Server) distinct(job string) (rows [][]byte) {
	path, err := base64.RawURLEncoding.DecodeString(job)
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, row := range s.Rows(string(path)) {
		if !seen[string(row)] {
			seen[string(row)] = true
			rows = append(rows, row)
		}
	}
	return rows
}

func answer(w http.ResponseWriter, a any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // a client that has gone needs no answer
}

// refuse answers with an error in the form of Google's services.
func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": googleapi.Error{Code: code, Message: message}})
}

func (s *Server) hasTable(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables[path] != nil
}
