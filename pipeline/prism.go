package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/beamlytics/streamlytics/internal/loopback"
)

const (
	// answerWithin is how long a Prism of its own process may take to answer for the first time: it may just be starting.
	answerWithin = 10 * time.Second
	// A Prism that is silent for silentFor and does not answer within as long again counts as gone. Prism allows no questions
	// more often than every 20 seconds.
	silentFor = 30 * time.Second
)

// runner is a Prism: one in this process, or one that is a process of its own.
type runner struct {
	addr string // host:port; for errors
	jobs jobpb.JobServiceClient
	conn *grpc.ClientConn // nil where the Prism is in this process
	// prism is false where another runner may be at the other end.
	prism bool
}

// prismHere starts the Prism of this process. There is one, whatever the number of pipelines: it has no end but that of the
// process.
var prismHere = sync.OnceValues(func() (*runner, error) { return startPrism(0) })

// startPrism starts a Prism in this process. Port 0 is a free one. Whoever reaches a Prism can have it run any program (the
// environment of a job may be a process), it knows no passwords, and it listens on all addresses: so its port is closed to
// other machines.
func startPrism(port int) (*runner, error) {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		at := port
		if at == 0 {
			var err error
			if at, err = loopback.FreePort(); err != nil {
				return nil, fmt.Errorf("start Prism: %w", err)
			}
		}
		jobs, err := createJobServer(at)
		if err != nil {
			if port == 0 && attempt < attempts {
				continue // somebody took the port
			}
			return nil, fmt.Errorf("start Prism: %w", err)
		}
		if err := loopback.Only(at); err != nil {
			slog.Warn("the runner's port is open to other machines, and lets them run programs here: close it with a firewall", "port", at, "error", err)
		}
		return &runner{addr: net.JoinHostPort("localhost", strconv.Itoa(at)), jobs: jobs, prism: true}, nil
	}
}

// createJobServer turns Prism's panic about a port that is taken into an error.
func createJobServer(port int) (jobs jobpb.JobServiceClient, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%v", e)
		}
	}()
	return prism.CreateJobServer(context.Background(), prism.Options{Port: port})
}

// connectPrism finds a Prism that is a process of its own.
func connectPrism(ctx context.Context, addr string) (*runner, error) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: silentFor, Timeout: silentFor}))
	if err != nil {
		return nil, fmt.Errorf("connect to the runner at %s: %w", addr, err)
	}
	r := &runner{addr: addr, jobs: jobpb.NewJobServiceClient(conn), conn: conn}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if _, err := r.jobs.GetJobs(ctx, &jobpb.GetJobsRequest{}, grpc.WaitForReady(true)); err != nil {
		return nil, errors.Join(fmt.Errorf("no runner answers at --endpoint=%s within %v: start one there (cmd/prism): %w", addr, answerWithin, err), r.close())
	}
	return r, nil
}

// close disconnects.
func (r *runner) close() error {
	if r.conn == nil {
		return nil
	}
	if err := r.conn.Close(); err != nil {
		return fmt.Errorf("disconnect from the runner: %w", err)
	}
	return nil
}

// ServePrism runs a Prism for the pipelines of other processes on this machine, until ctx ends. Port 0 is a free one; ready is
// told where it listens.
func ServePrism(ctx context.Context, port int, ready func(addr string)) error {
	r, err := startPrism(port)
	if err != nil {
		return err
	}
	ready(r.addr)
	<-ctx.Done()
	return nil
}
