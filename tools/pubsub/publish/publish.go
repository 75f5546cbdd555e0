// Package publish publishes messages to a topic unchanged, including messages that the pipeline
// refuses.
package publish

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/tools/replay"
)

// maxMessage is the most bytes of a message in Pub/Sub.
const maxMessage = 10_000_000

// Options configure the command.
type Options struct {
	project string
	topicID string

	topic    string // full name, set by Validate
	messages []string
}

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() []config.Group {
	return []config.Group{{Name: "Topic", Flags: []config.Flag{
		{Name: "project", Var: &o.project, Usage: "Google Cloud `project` of a topic given by id"},
		{Name: "topic", Var: &o.topicID, Usage: "`topic`, id or full name"},
	}}}
}

// Validate completes the options. The arguments are the messages.
func (o *Options) Validate(set *config.Set, args []string) (err error) {
	o.messages = args
	if o.topic, err = replay.TopicName(o.project, o.topicID); err != nil {
		return fmt.Errorf("%s: %w", set.NameOf("topic"), err)
	}
	return nil
}

// Run publishes the messages of the options, or the lines of in if there are none, and prints a
// line to out.
func Run(ctx context.Context, o Options, in io.Reader, out io.Writer) (err error) {
	messages, err := messagesOf(o.messages, in)
	if err != nil {
		return err
	}
	client, err := replay.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	n, err := client.PublishAll(ctx, o.topic, messages)
	if err != nil {
		return fmt.Errorf("after %d of %d messages: %w", n, len(messages), err)
	}
	fmt.Fprintf(out, "published to %s: %d\n", o.topic, n)
	return nil
}

// messagesOf returns the arguments, or the lines of in that are not empty if there are no
// arguments.
func messagesOf(args []string, in io.Reader) ([]*pubsubpb.PubsubMessage, error) {
	var messages []*pubsubpb.PubsubMessage
	add := func(text string) error {
		if len(text) > maxMessage {
			return fmt.Errorf("message %d has %d bytes; Pub/Sub takes %d", len(messages)+1, len(text), maxMessage)
		}
		if text != "" {
			messages = append(messages, &pubsubpb.PubsubMessage{Data: []byte(text)})
		}
		return nil
	}
	for _, arg := range args {
		if err := add(arg); err != nil {
			return nil, err
		}
	}
	if len(args) == 0 {
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxMessage+1)
		for lines.Scan() {
			if err := add(lines.Text()); err != nil {
				return nil, err
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read message %d: %w", len(messages)+1, err)
		}
	}
	if len(messages) == 0 {
		return nil, errors.New("there is nothing to publish: " +
			"give messages as arguments, or as lines of the standard input")
	}
	return messages, nil
}
