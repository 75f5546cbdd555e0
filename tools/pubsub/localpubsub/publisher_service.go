package localpubsub

import (
	"context"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// publisherService is google.pubsub.v1.Publisher. Other methods answer Unimplemented.
type publisherService struct {
	pb.UnimplementedPublisherServer
	server *Server
}

func (p *publisherService) CreateTopic(_ context.Context, config *pb.Topic) (*pb.Topic, error) {
	if config.GetSchemaSettings() != nil || config.GetIngestionDataSourceSettings() != nil ||
		len(config.GetMessageTransforms()) > 0 {
		return nil,
			status.Errorf(codes.Unimplemented,
				"topic %s: there are no schemas, ingestion sources or message transforms here", config.GetName())
	}
	if err := p.server.addTopic(config); err != nil {
		return nil, err
	}
	return config, nil
}

func (p *publisherService) GetTopic(_ context.Context, req *pb.GetTopicRequest) (*pb.Topic, error) {
	t, err := p.server.findTopic(req.GetTopic())
	if err != nil {
		return nil, err
	}
	return t.describe(), nil
}

// UpdateTopic changes the labels and the message retention. The retention is kept and has no
// effect, because there is no seek.
func (p *publisherService) UpdateTopic(_ context.Context, req *pb.UpdateTopicRequest) (*pb.Topic, error) {
	wanted := req.GetTopic()
	t, err := p.server.findTopic(wanted.GetName())
	if err != nil {
		return nil, err
	}
	if len(req.GetUpdateMask().GetPaths()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "topic %s: the update mask is empty", wanted.GetName())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	config := proto.CloneOf(t.config)
	for _, path := range req.GetUpdateMask().GetPaths() {
		switch path {
		case "labels":
			config.Labels = wanted.GetLabels()
		case "message_retention_duration":
			config.MessageRetentionDuration = wanted.GetMessageRetentionDuration()
		default:
			return nil, status.Errorf(codes.Unimplemented, "topic %s: %q cannot be changed here",
				wanted.GetName(), path)
		}
	}
	t.config = config
	return proto.CloneOf(config), nil
}

func (p *publisherService) ListTopics(_ context.Context, req *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	if err := checkProject(req.GetProject()); err != nil {
		return nil, err
	}
	names, next, err := page(p.server.topicNames(req.GetProject()), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	response := &pb.ListTopicsResponse{NextPageToken: next}
	for _, name := range names {
		if t, err := p.server.findTopic(name); err == nil { // else deleted meanwhile
			response.Topics = append(response.Topics, t.describe())
		}
	}
	return response, nil
}

func (p *publisherService) ListTopicSubscriptions(_ context.Context,
	req *pb.ListTopicSubscriptionsRequest) (*pb.ListTopicSubscriptionsResponse, error) {
	t, err := p.server.findTopic(req.GetTopic())
	if err != nil {
		return nil, err
	}
	names, next, err := page(t.subscriptionNames(), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &pb.ListTopicSubscriptionsResponse{Subscriptions: names, NextPageToken: next}, nil
}

func (p *publisherService) DeleteTopic(_ context.Context, req *pb.DeleteTopicRequest) (*emptypb.Empty, error) {
	if err := p.server.removeTopic(req.GetTopic()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func (p *publisherService) Publish(_ context.Context, req *pb.PublishRequest) (*pb.PublishResponse, error) {
	ids, err := p.server.publish(req.GetTopic(), req.GetMessages())
	if err != nil {
		return nil, err
	}
	return &pb.PublishResponse{MessageIds: ids}, nil
}
