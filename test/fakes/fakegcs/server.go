package fakegcs

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// Server is a running service. It is safe for concurrent use.
type Server struct {
	addr   string
	http   *http.Server
	served chan struct{}
	store  *store
}

// Start serves on a free port of the loopback interface until the end of the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("fake Cloud Storage: %v", err)
	}
	s := &Server{
		addr:   listener.Addr().String(),
		served: make(chan struct{}),
		store:  &store{buckets: map[string]map[string]object{}},
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // ends with close
	}()
	tb.Cleanup(s.close)
	return s
}

// Addr returns the host and port of the service, in the form of STORAGE_EMULATOR_HOST.
func (s *Server) Addr() string { return s.addr }

// close ends the service and aborts its requests.
func (s *Server) close() {
	_ = s.http.Close()
	<-s.served
}

// CreateBucket creates an empty bucket.
func (s *Server) CreateBucket(name string) { s.store.createBucket(name) }

// Put stores an object in one step, in place of an object of that name. It creates a missing
// bucket.
func (s *Server) Put(bucket, name string, data []byte) {
	s.store.createBucket(bucket)
	s.store.put(bucket, name, "", data)
}

// Get returns the content of an object, and false if there is none.
func (s *Server) Get(bucket, name string) ([]byte, bool) {
	o, found := s.store.get(bucket, name)
	return append([]byte{}, o.data...), found
}

// Names returns the names of a bucket's objects, sorted. A missing bucket has none.
func (s *Server) Names(bucket string) []string {
	names, _ := s.store.names(bucket)
	return names
}
