// Package publish sends messages to a topic as they are, also such as the pipeline will refuse.
package publish

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/tools/replay"
)

// maxMessage is what Pub/Sub takes as one message, in bytes.
const maxMessage = 10_000_000

const usage = `publish sends messages to a topic as they are: its arguments, or without any the lines of its standard input.

  publish --project=shop --topic=pos '{"order_number": "4711", ...}'

`

// Run publishes what the arguments say, and prints a line to out. The error is flag.ErrHelp after help that was asked for.
func Run(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	fs := flag.NewFlagSet("publish", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	project := fs.String("project", "", "Google Cloud `project` of a topic given by id")
	given := fs.String("topic", "", "`topic`, id or full name")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, usage)
			fs.SetOutput(out)
			fs.PrintDefaults()
		}
		return err
	}
	topic, err := replay.TopicName(*project, *given)
	if err != nil {
		return fmt.Errorf("--topic: %w", err)
	}
	messages, err := messagesOf(fs.Args(), in)
	if err != nil {
		return err
	}
	client, err := replay.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	n, err := client.PublishAll(ctx, topic, messages)
	if err != nil {
		return fmt.Errorf("after %d of %d messages: %w", n, len(messages), err)
	}
	fmt.Fprintf(out, "published to %s: %d\n", topic, n)
	return nil
}

// messagesOf are the arguments, or the lines that are not empty.
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
		return nil, errors.New("there is nothing to publish: give messages as arguments, or as lines of the standard input")
	}
	return messages, nil
}
