package deadletters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/tools/replay"
)

// replayOptions configure how letters are published again.
type replayOptions struct {
	topics   map[string]string // full names by source
	maps     event.Maps        // of the pipeline
	repaired []byte            // in place of the payload of the one letter; nil = as it was
	newID    bool
	dryRun   bool
	strict   bool // a letter that cannot be published is an error: it was asked for by number
}

// publication is one message to publish, for all letters that are about it.
type publication struct {
	letters []int
	source  string
	message *pubsubpb.PubsubMessage
}

// errNotPublished is the error of a strict replay that left out a letter.
var errNotPublished = errors.New("not all letters were published")

// replayLetters publishes the messages of the letters, each message once, and writes a line for
// each to out.
func replayLetters(ctx context.Context, out io.Writer, letters []letter, o replayOptions) error {
	if err := errors.Join(checkTopics(letters, o.topics), checkMaps(letters, o.maps)); err != nil {
		return err
	}
	publications, skipped := plan(out, letters, o)
	verb := "published"
	if o.dryRun {
		verb = "would be published"
	} else if err := publish(ctx, publications, o.topics); err != nil {
		return err
	}
	for _, p := range publications {
		fmt.Fprintf(out, "letter %s: %s to %s", numbers(p.letters), verb, o.topics[p.source])
		if id, ok := p.message.GetAttributes()[eventIDAttribute]; ok {
			fmt.Fprintf(out, " with attribute %s=%s", eventIDAttribute, printable(id))
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%d messages %s, %d letters left out\n", len(publications), verb, skipped)
	if o.strict && skipped > 0 {
		return errNotPublished
	}
	return nil
}

// checkTopics returns an error that names each source that lacks a topic.
func checkTopics(letters []letter, topics map[string]string) error {
	lacking := map[string]error{}
	for _, l := range letters {
		if topics[l.Source] != "" || lacking[l.Source] != nil || ofSignal(l) {
			continue
		}
		lacking[l.Source] = fmt.Errorf("letter %d is from %s: give --%s_topic",
			l.N, l.Source, strings.ToLower(l.Source))
		if l.Source == "FILE" {
			lacking[l.Source] = fmt.Errorf("%w, a topic whose subscription reads the format of the line",
				lacking[l.Source])
		}
	}
	var errs []error
	for _, source := range slices.Sorted(maps.Keys(lacking)) {
		errs = append(errs, lacking[source])
	}
	return errors.Join(errs...)
}

// checkMaps returns an error that names each source whose messages were mapped and that lacks its
// map.
func checkMaps(letters []letter, maps event.Maps) error {
	var errs []error
	for _, channel := range event.Channels {
		mapped := func(l letter) bool {
			return l.Source == channel.String() && strings.Contains(l.Detail, channel.MapFlag())
		}
		if i := slices.IndexFunc(letters, mapped); i >= 0 && maps[channel] == "" {
			errs = append(errs, fmt.Errorf("letter %d is of a message that was mapped: give %s as the pipeline has it",
				letters[i].N, channel.MapFlag()))
		}
	}
	return errors.Join(errs...)
}

// plan prepares the messages in the order of their first letters. It prints and counts the letters
// that are left out.
func plan(out io.Writer, letters []letter, o replayOptions) (publications []*publication, skipped int) {
	type origin struct{ source, id, raw string }
	planned := map[origin]*publication{}
	decoding := newDecoding(o.maps)
	for _, l := range letters {
		data, attributes, err := decoding.prepare(l, o)
		if err != nil {
			skipped++
			fmt.Fprintf(out, "letter %d: left out: %s\n", l.N, printable(err.Error()))
			continue
		}
		from := origin{l.Source, fallbackID(l), string(l.Raw)}
		p := planned[from]
		if p == nil {
			p = &publication{source: l.Source, message: &pubsubpb.PubsubMessage{Data: data, Attributes: attributes}}
			planned[from] = p
			publications = append(publications, p)
		}
		p.letters = append(p.letters, l.N)
	}
	return publications, skipped
}

func publish(ctx context.Context, publications []*publication, topics map[string]string) (err error) {
	if len(publications) == 0 {
		return nil
	}
	client, err := replay.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	messages := map[string][]*pubsubpb.PubsubMessage{}
	for _, p := range publications {
		topic := topics[p.source]
		messages[topic] = append(messages[topic], p.message)
	}
	var total int
	for _, topic := range slices.Sorted(maps.Keys(messages)) {
		n, err := client.PublishAll(ctx, topic, messages[topic])
		total += n
		if err != nil {
			return fmt.Errorf("after %d of %d messages, which do no harm when they are published again: %w",
				total, len(publications), err)
		}
	}
	return nil
}

func numbers(ns []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ns), " ", ", "), "[]")
}
