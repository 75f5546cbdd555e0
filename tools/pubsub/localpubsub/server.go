package localpubsub

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/internal/clock"
)

const (
	maxRequestBytes = 64 << 20
	windowBytes     = 4 << 20
)

// Options of a server. The zero value serves on a free port of the loopback interface.
type Options struct {
	// Addr is the TCP address to listen on; empty means 127.0.0.1:0.
	Addr string
	// Clock gives the messages their publish time. Leases and waits run on the wall clock.
	Clock clock.Clock
	// PullWait is how long a Pull without return_immediately waits on an empty subscription; 0
	// means 30 s.
	PullWait time.Duration
}

// Server is a running Pub/Sub service. It is safe for concurrent use.
type Server struct {
	clock    clock.Clock
	pullWait time.Duration
	listener net.Listener
	grpc     *grpc.Server
	served   chan struct{}
	closing  sync.Once

	// Both start at the time of the start in ns, so that no value is used again after a restart.
	lastMessage atomic.Int64
	lastSerial  atomic.Uint64

	updates sync.Mutex // held by calls that change a configuration

	mu            sync.RWMutex
	topics        map[string]*topic
	subscriptions map[string]*subscription
	closed        bool
}

// Start serves until Close.
func Start(o Options) (*Server, error) {
	if o.PullWait < 0 {
		return nil, fmt.Errorf("local Pub/Sub: PullWait %v is negative", o.PullWait)
	}
	if o.PullWait == 0 {
		o.PullWait = 30 * time.Second
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("local Pub/Sub: listening: %w", err)
	}
	s := &Server{
		clock:         o.Clock,
		pullWait:      o.PullWait,
		listener:      listener,
		served:        make(chan struct{}),
		topics:        map[string]*topic{},
		subscriptions: map[string]*subscription{},
		grpc: grpc.NewServer(
			grpc.MaxRecvMsgSize(maxRequestBytes),
			grpc.MaxSendMsgSize(maxRequestBytes+maxBatchBytes),
			grpc.InitialWindowSize(windowBytes),
			grpc.InitialConnWindowSize(windowBytes),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
				MinTime: time.Second, PermitWithoutStream: true,
			}),
			grpc.WaitForHandlers(true),
		),
	}
	start := time.Now().UnixNano()
	s.lastMessage.Store(start)
	s.lastSerial.Store(uint64(start))
	pb.RegisterPublisherServer(s.grpc, &publisherService{server: s})
	pb.RegisterSubscriberServer(s.grpc, &subscriberService{server: s})
	go func() {
		defer close(s.served)
		if err := s.grpc.Serve(listener); err != nil {
			slog.Error("local Pub/Sub stopped serving", "addr", s.Addr(), "err", err)
		}
	}()
	return s, nil
}

// Addr returns the host and port that the server listens on, in the form of PUBSUB_EMULATOR_HOST.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close aborts all calls, stops serving and drops all messages. It returns when no handler runs any
// more. Later calls wait likewise.
func (s *Server) Close() {
	s.closing.Do(func() {
		reason := status.Error(codes.Unavailable, "the local Pub/Sub server is closed")
		s.mu.Lock()
		s.closed = true
		for _, sub := range s.subscriptions {
			sub.end(reason)
		}
		clear(s.topics)
		clear(s.subscriptions)
		s.mu.Unlock()
		s.grpc.Stop()
	})
	<-s.served
}
