package dataflow

import (
	"context"
	"fmt"
	"math"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

// runner is the connection to Prism, to which the fleet is one worker.
type runner struct {
	client  fnpb.BeamFnControlClient
	control *queue[*fnpb.InstructionResponse]
	data    *queue[*fnpb.Elements]
	state   *queue[*fnpb.StateRequest]
}

// serve connects to Prism as its worker of a name.
func (f *fleet) serve(id, addr string) error {
	ctx := grpcx.WriteWorkerID(f.ctx, id)
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
	if err != nil {
		return fmt.Errorf("connect to Prism: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	r := &runner{client: fnpb.NewBeamFnControlClient(conn), control: newQueue[*fnpb.InstructionResponse](),
		data: newQueue[*fnpb.Elements](), state: newQueue[*fnpb.StateRequest]()}
	elements, err := fnpb.NewBeamFnDataClient(conn).Data(ctx)
	if err != nil {
		return fmt.Errorf("open Prism's data: %w", err)
	}
	state, err := fnpb.NewBeamFnStateClient(conn).State(ctx)
	if err != nil {
		return fmt.Errorf("open Prism's state: %w", err)
	}
	control, err := r.client.Control(ctx)
	if err != nil {
		return fmt.Errorf("open Prism's control: %w", err)
	}
	f.mu.Lock()
	f.runner = r
	f.mu.Unlock()
	go receive(control.Recv, func(req *fnpb.InstructionRequest) { f.instructed(ctx, req) })
	go receive(elements.Recv, f.feed)
	go receive(state.Recv, f.received)
	go func() { _ = r.control.sendTo(control.Context(), control.Send) }() // ends with Prism's job
	go func() { _ = r.data.sendTo(elements.Context(), elements.Send) }()
	go func() { _ = r.state.sendTo(state.Context(), state.Send) }()
	return nil
}

// spare connects to Prism as the worker of the steps that Prism runs itself (addSpareWorker in
// pipeline/prism.go).
func (f *fleet) spare(id, addr string) error {
	ctx := grpcx.WriteWorkerID(f.ctx, id)
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to Prism: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	control, err := fnpb.NewBeamFnControlClient(conn).Control(ctx)
	if err != nil {
		return fmt.Errorf("open Prism's control: %w", err)
	}
	go receive(control.Recv, func(req *fnpb.InstructionRequest) { _ = control.Send(withoutWork(req)) })
	return nil
}

// receive calls f with each message of a stream.
func receive[T any](next func() (T, error), f func(T)) {
	for {
		x, err := next()
		if err != nil {
			return
		}
		f(x)
	}
}

// instructed carries out an instruction of Prism. Bundles go to the processes; the responses to other
// instructions are empty.
func (f *fleet) instructed(ctx context.Context, req *fnpb.InstructionRequest) {
	resp := withoutWork(req)
	if req.GetProcessBundle() != nil {
		s, err := f.stage(ctx, req.GetProcessBundle().GetProcessBundleDescriptorId())
		if err == nil {
			f.begin(req, s)
			return
		}
		resp.Error = err.Error()
	}
	f.runner.control.put(resp)
}

// withoutWork returns the response to an instruction other than a bundle.
func withoutWork(req *fnpb.InstructionRequest) *fnpb.InstructionResponse {
	resp := &fnpb.InstructionResponse{InstructionId: req.GetInstructionId()}
	switch {
	case req.GetProcessBundleProgress() != nil:
		resp.Response = &fnpb.InstructionResponse_ProcessBundleProgress{
			ProcessBundleProgress: &fnpb.ProcessBundleProgressResponse{}}
	case req.GetProcessBundleSplit() != nil:
		resp.Response = &fnpb.InstructionResponse_ProcessBundleSplit{ProcessBundleSplit: &fnpb.ProcessBundleSplitResponse{}}
	case req.GetMonitoringInfos() != nil:
		resp.Response = &fnpb.InstructionResponse_MonitoringInfos{MonitoringInfos: &fnpb.MonitoringInfosMetadataResponse{}}
	default:
		resp.Error = fmt.Sprintf("instruction %v is not one that the fleet knows", req)
	}
	return resp
}

// stage returns the stage of the graph that has an id.
func (f *fleet) stage(ctx context.Context, id string) (*stage, error) {
	f.mu.Lock()
	s := f.stages[id]
	f.mu.Unlock()
	if s != nil {
		return s, nil
	}
	d, err := f.runner.client.GetProcessBundleDescriptor(ctx,
		&fnpb.GetProcessBundleDescriptorRequest{ProcessBundleDescriptorId: id})
	if err != nil {
		return nil, fmt.Errorf("ask for stage %s: %w", id, err)
	}
	if s, err = newStage(d, f.addr); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stages[id] = s
	return s, nil
}

// ask sends Prism a request about state. answer is called with the response.
func (f *fleet) ask(req *fnpb.StateRequest, answer func(*fnpb.StateResponse)) {
	req = proto.CloneOf(req)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	req.Id = fmt.Sprint("fleet-", f.asked)
	f.answers[req.Id] = answer
	f.runner.state.put(req)
}

// received takes Prism's response to ask.
func (f *fleet) received(resp *fnpb.StateResponse) {
	f.mu.Lock()
	answer := f.answers[resp.GetId()]
	delete(f.answers, resp.GetId())
	f.mu.Unlock()
	if answer != nil {
		answer(resp)
	}
}
