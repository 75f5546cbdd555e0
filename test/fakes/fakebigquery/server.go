package fakebigquery

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"
)

// maxRequestBytes is the size at which the service refuses a request. The transport accepts more,
// so that the service itself refuses it.
const maxRequestBytes = 10 << 20

// Server is a running service. It is safe for concurrent use.
type Server struct {
	addr string

	mu       sync.Mutex
	grpc     *grpc.Server // nil while it is stopped
	served   chan struct{}
	tables   map[string]*table // by path
	faults   Faults
	injected chan struct{} // closed when the faults change
}

// Start serves on a free port of the loopback interface until Close.
func Start() (*Server, error) {
	s := &Server{tables: map[string]*table{}, injected: make(chan struct{})}
	return s, s.listen("127.0.0.1:0")
}

// StartWithTables serves until the end of a test. The dataset has a table for each schema file
// {table}.json of a folder.
func StartWithTables(tb testing.TB, project, dataset, folder string) *Server {
	tb.Helper()
	s, err := Start()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("%d schemas in %s, %v", len(files), folder, err)
	}
	for _, file := range files {
		schema, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if err := s.CreateTable(TablePath(project, dataset, name), schema); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func (s *Server) listen(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("fake BigQuery: %w", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(2*maxRequestBytes), grpc.WaitForHandlers(true))
	storagepb.RegisterBigQueryWriteServer(server, &service{server: s})
	served := make(chan struct{})
	s.mu.Lock()
	s.addr, s.grpc, s.served = listener.Addr().String(), server, served
	s.mu.Unlock()
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Stop
	}()
	return nil
}

// Addr returns the host and port of the service, also while it is stopped.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Stop breaks all connections and accepts no more. Tables and their rows stay.
func (s *Server) Stop() {
	s.mu.Lock()
	server, served := s.grpc, s.served
	s.grpc = nil
	s.mu.Unlock()
	if server != nil {
		server.Stop()
		<-served
	}
}

// Restart serves again at the same address after Stop.
func (s *Server) Restart() error { return s.listen(s.Addr()) }

// Close ends the service.
func (s *Server) Close() { s.Stop() }

// CreateTable creates a table, given by its path projects/P/datasets/D/tables/T, or replaces its
// schema. The schema is in BigQuery's own format, as JSON.
func (s *Server) CreateTable(path string, schema []byte) error {
	columns, err := parseSchema(schema)
	if err != nil {
		return fmt.Errorf("fake BigQuery: schema of %s: %w", path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[path]; t != nil {
		t.columns = columns
	} else {
		s.tables[path] = &table{path: path, columns: columns}
	}
	return nil
}

// DropTable removes a table and its rows.
func (s *Server) DropTable(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tables, path)
}

// TablePath returns the full name of a table.
func TablePath(project, dataset, name string) string {
	return "projects/" + project + "/datasets/" + dataset + "/tables/" + name
}

// Rows returns the rows of a table as JSON objects, in the order in which they were stored. Columns
// without a value are left out.
func (s *Server) Rows(path string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[path]
	if t == nil {
		return nil
	}
	return append([][]byte{}, t.rows...)
}
