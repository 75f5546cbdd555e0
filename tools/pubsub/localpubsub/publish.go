package localpubsub

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Limits of the service for one request and one message, in messages, attributes and bytes.
const (
	maxMessages       = 1000
	maxAttributes     = 100
	maxAttributeKey   = 256
	maxAttributeValue = 1024
	maxOrderingKey    = 1024
)

// publish gives the messages, which it takes over, ids and a publish time, and adds them to the
// subscriptions: all of them, or none.
func (s *Server) publish(name string, messages []*pb.PubsubMessage) ([]string, error) {
	t, err := s.findTopic(name)
	if err != nil {
		return nil, err
	}
	if len(messages) == 0 || len(messages) > maxMessages {
		return nil, status.Errorf(codes.InvalidArgument, "publishing to %s: %d messages; a request has 1 to %d", name,
			len(messages), maxMessages)
	}
	for i, m := range messages {
		if problem := refuse(m); problem != "" {
			return nil, status.Errorf(codes.InvalidArgument, "publishing to %s: message %d: %s", name, i, problem)
		}
	}
	ids := make([]string, len(messages))
	sizes := make([]int, len(messages))

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deleted {
		return nil, notFound(topicKind, name)
	}
	published := timestamppb.New(time.UnixMilli(s.clock.NowMs()))
	last := s.lastMessage.Add(int64(len(messages)))
	for i, m := range messages {
		ids[i] = strconv.FormatInt(last-int64(len(messages)-1-i), 10)
		m.MessageId, m.PublishTime = ids[i], published
		sizes[i] = proto.Size(m)
	}
	for _, sub := range t.subscriptions {
		sub.push(messages, sizes)
	}
	return ids, nil
}

// refuse returns what is wrong with a message, or "".
func refuse(m *pb.PubsubMessage) string {
	if len(m.GetData()) == 0 && len(m.GetAttributes()) == 0 {
		return "it has neither data nor attributes"
	}
	if len(m.GetAttributes()) > maxAttributes {
		return "it has more than " + strconv.Itoa(maxAttributes) + " attributes"
	}
	for key, value := range m.GetAttributes() {
		switch {
		case key == "":
			return "an attribute has no name"
		case len(key) > maxAttributeKey:
			return "an attribute's name has more than " + strconv.Itoa(maxAttributeKey) + " bytes"
		case strings.HasPrefix(key, "goog"):
			return "attribute " + strconv.Quote(key) + " begins with goog, which is reserved"
		case len(value) > maxAttributeValue:
			return "attribute " + strconv.Quote(key) + " has more than " + strconv.Itoa(maxAttributeValue) + " bytes"
		case !utf8.ValidString(key) || !utf8.ValidString(value):
			return "attribute " + strconv.Quote(key) + " is not valid UTF-8"
		}
	}
	if len(m.GetOrderingKey()) > maxOrderingKey {
		return "its ordering key has more than " + strconv.Itoa(maxOrderingKey) + " bytes"
	}
	return ""
}
