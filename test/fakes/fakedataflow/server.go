package fakedataflow

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	dataflow "google.golang.org/api/dataflow/v1b3"
)

// Server is a running service. It is safe for concurrent use.
type Server struct {
	addr   string
	http   *http.Server
	served chan struct{}
	tokens *tokens

	mu    sync.Mutex
	jobs  []*job // in the order of their creation
	state string // of new jobs
	fault *apiError
	polls int
}

// job is a job with its project and location.
type job struct {
	project, location string
	dataflow.Job
}

// Start serves on a free port of the loopback interface until the end of the test. New jobs have
// the state JOB_STATE_RUNNING.
func Start(tb testing.TB) *Server {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("fake Dataflow: %v", err)
	}
	s := &Server{
		addr: listener.Addr().String(), served: make(chan struct{}), tokens: &tokens{issued: map[string]bool{}},
		state: "JOB_STATE_RUNNING",
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // ends with close
	}()
	tb.Cleanup(s.close)
	return s
}

// close ends the service and aborts its requests.
func (s *Server) close() {
	_ = s.http.Close()
	<-s.served
}

// Endpoint returns the value for --dataflow_endpoint.
func (s *Server) Endpoint() string { return "http://" + s.addr + "/" }

// NewJobsAre sets the state of jobs that are created later.
func (s *Server) NewJobsAre(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// Refuse answers every request with a failure of the service, until it is called with status 0.
func (s *Server) Refuse(status int, code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = nil
	if status != 0 {
		s.fault = &apiError{status, code, message}
	}
}

// Jobs returns all jobs, in the order of their creation.
func (s *Server) Jobs() []dataflow.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	jobs := make([]dataflow.Job, len(s.jobs))
	for i, j := range s.jobs {
		jobs[i] = j.Job
	}
	return jobs
}

// Polls returns the number of requests for a job by its id.
func (s *Server) Polls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polls
}
