package dataflow

import (
	"context"
	"fmt"
	"strings"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// caller returns the process that a call comes from.
func (f *fleet) caller(ctx context.Context) (*member, error) {
	id, err := grpcx.ReadWorkerID(ctx)
	if err != nil {
		return nil, err
	}
	m := f.named(id)
	if m == nil {
		return nil, status.Errorf(codes.NotFound, "no worker %q", id)
	}
	return m, nil
}

// pool is the worker pool at which Prism starts its worker.
type pool struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer
	fleet *fleet
}

func (p *pool) StartWorker(_ context.Context, req *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
	start := p.fleet.serve
	if strings.HasSuffix(req.GetWorkerId(), "_"+runnersOwn) { // job_environment
		start = p.fleet.spare
	}
	return &fnpb.StartWorkerResponse{}, start(req.GetWorkerId(), req.GetControlEndpoint().GetUrl())
}

func (p *pool) StopWorker(context.Context, *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	return &fnpb.StopWorkerResponse{}, nil // the test ends the processes
}

// control carries instructions to the processes, and their responses.
type control struct {
	fnpb.UnimplementedBeamFnControlServer
	fleet *fleet
}

func (c *control) Control(stream fnpb.BeamFnControl_ControlServer) error {
	m, err := c.fleet.caller(stream.Context())
	if err != nil {
		return err
	}
	c.fleet.connected(m)
	go func() {
		for {
			resp, err := stream.Recv()
			if err != nil {
				c.fleet.gone(m)
				return
			}
			c.fleet.answered(m, resp)
		}
	}()
	return m.control.sendTo(stream.Context(), stream.Send)
}

func (c *control) GetProcessBundleDescriptor(
	_ context.Context, req *fnpb.GetProcessBundleDescriptorRequest,
) (*fnpb.ProcessBundleDescriptor, error) {
	c.fleet.mu.Lock()
	defer c.fleet.mu.Unlock()
	if s := c.fleet.stages[req.GetProcessBundleDescriptorId()]; s != nil {
		return s.descriptor, nil
	}
	return nil, status.Errorf(codes.NotFound, "no stage %q", req.GetProcessBundleDescriptorId())
}

// data carries elements to the processes, and their output.
type data struct {
	fnpb.UnimplementedBeamFnDataServer
	fleet *fleet
}

func (d *data) Data(stream fnpb.BeamFnData_DataServer) error {
	m, err := d.fleet.caller(stream.Context())
	if err != nil {
		return err
	}
	go func() {
		for {
			e, err := stream.Recv()
			if err != nil {
				return
			}
			d.fleet.take(m, e)
		}
	}()
	return m.data.sendTo(stream.Context(), stream.Send)
}

// states carries the processes' requests for state, and the responses.
type states struct {
	fnpb.UnimplementedBeamFnStateServer
	fleet *fleet
}

func (s *states) State(stream fnpb.BeamFnState_StateServer) error {
	m, err := s.fleet.caller(stream.Context())
	if err != nil {
		return err
	}
	go func() {
		for {
			req, err := stream.Recv()
			if err != nil {
				return
			}
			if err := s.fleet.access(m, req); err != nil {
				m.state.put(&fnpb.StateResponse{Id: req.GetId(), Error: err.Error()})
			}
		}
	}()
	return m.state.sendTo(stream.Context(), stream.Send)
}

// access reads Beam's state, or notes a bundle's write to it.
func (f *fleet) access(m *member, req *fnpb.StateRequest) error {
	f.mu.Lock()
	id, b := f.attempt(m, req.GetInstructionId())
	if b == nil {
		f.mu.Unlock()
		return fmt.Errorf("bundle %s is not of %s any more", req.GetInstructionId(), m.id)
	}
	asked := req.GetId()
	req.InstructionId = id
	c, err := b.state.cell(req.GetStateKey())
	if err != nil {
		f.mu.Unlock()
		return err
	}
	if req.GetGet() == nil {
		b.state.write(req, c)
		f.mu.Unlock()
		resp := &fnpb.StateResponse{Id: asked, Response: &fnpb.StateResponse_Append{Append: &fnpb.StateAppendResponse{}}}
		if req.GetClear() != nil {
			resp.Response = &fnpb.StateResponse_Clear{Clear: &fnpb.StateClearResponse{}}
		}
		m.state.put(resp)
		return nil
	}
	cleared, appended := c.cleared, c.appended
	f.mu.Unlock()
	if cleared {
		m.state.put(&fnpb.StateResponse{Id: asked,
			Response: &fnpb.StateResponse_Get{Get: &fnpb.StateGetResponse{Data: appended}}})
		return nil
	}
	f.ask(req, func(resp *fnpb.StateResponse) {
		resp.Id = asked
		if g := resp.GetGet(); g != nil {
			g.Data = append(g.Data, appended...)
		}
		m.state.put(resp)
	})
	return nil
}

// logs keeps the errors that the processes log.
type logs struct {
	fnpb.UnimplementedBeamFnLoggingServer
	fleet *fleet
}

func (l *logs) Logging(stream fnpb.BeamFnLogging_LoggingServer) error {
	for {
		list, err := stream.Recv()
		if err != nil {
			return nil //nolint:nilerr // the process has ended
		}
		l.fleet.mu.Lock()
		for _, e := range list.GetLogEntries() {
			if e.GetSeverity() >= fnpb.LogEntry_Severity_ERROR {
				l.fleet.errors = append(l.fleet.errors, e.GetMessage())
			}
		}
		l.fleet.mu.Unlock()
	}
}
