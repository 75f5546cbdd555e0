package deadletters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/tools/replay"
)

// Replay configures the command that publishes the messages of dead letters again.
type Replay struct {
	place   place
	choice  choice
	numbers string
	all     bool
	data    string
	newID   bool
	dryRun  bool
	topics  [len(event.Channels)]string // of event.Channels

	filter  filter
	options replayOptions
}

// Flags declares the flags that set the fields of r.
func (r *Replay) Flags() []config.Group {
	var topics []config.Flag
	for i, channel := range event.Channels {
		topics = append(topics, config.Flag{Name: strings.ToLower(channel.String()) + "_topic", Var: &r.topics[i],
			Usage: "`topic` for letters from " + channel.String() + ", id or full name"})
	}
	return []config.Group{r.place.flags(), r.choice.flags(),
		{Name: "Letters", Flags: []config.Flag{
			{Name: "n", Var: &r.numbers, Usage: "the letters of these `numbers`, separated by commas, as in the list"},
			{Name: "all", Var: &r.all, Usage: "all letters"},
			{Name: "data", Var: &r.data, Usage: "`file` that holds the repaired payload of the one letter"},
			{Name: "new_id", Var: &r.newID,
				Usage: "the repaired payload may have another event id, " +
					"though other items of the message count already"},
			{Name: "dry_run", Var: &r.dryRun, Usage: "print what would be published, and publish nothing"},
		}},
		{Name: "Topics", Flags: topics},
	}
}

var errOneRepair = errors.New("--data repairs one letter: choose it by --n")

// Validate completes the options and reads the repaired payload. The error lists everything that is
// wrong.
func (r *Replay) Validate(set *config.Set, args []string) error {
	chosen, err := r.choice.filter(set)
	errs := []error{config.NoArguments(args), err}
	r.filter = chosen
	o := replayOptions{topics: map[string]string{}, newID: r.newID, dryRun: r.dryRun, strict: r.numbers != ""}
	ways := 0
	for _, used := range []bool{r.numbers != "", r.all, !chosen.isZero()} {
		if used {
			ways++
		}
	}
	if ways != 1 && err == nil {
		errs = append(errs, errors.New("choose letters by --n, by filters (--reason, --source, --since), or by --all"))
	}
	for i, channel := range event.Channels {
		if r.topics[i] == "" {
			continue
		}
		name, err := replay.TopicName(r.place.project, r.topics[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(strings.ToLower(channel.String())+"_topic"), err))
		}
		o.topics[channel.String()] = name
	}
	switch {
	case r.data == "" && r.newID:
		errs = append(errs, errors.New("--new_id needs --data"))
	case r.data == "":
	case r.numbers == "":
		errs = append(errs, errOneRepair)
	default:
		data, err := os.ReadFile(r.data)
		if err != nil {
			errs = append(errs, fmt.Errorf("read the repaired payload: %w", err))
		}
		o.repaired = append([]byte{}, bytes.TrimRight(data, "\r\n")...) // editors end a file with a line's end
	}
	r.options = o
	return errors.Join(errs...)
}

// Run publishes the letters. It writes a line for each to out, and warnings to errOut.
func (r *Replay) Run(ctx context.Context, out, errOut io.Writer) error {
	letters, err := r.place.read(ctx, errOut)
	if err != nil {
		return err
	}
	if r.numbers == "" {
		letters = r.filter.apply(letters)
	} else if letters, err = byNumber(letters, r.numbers); err != nil {
		return err
	}
	if r.options.repaired != nil && len(letters) != 1 {
		return errOneRepair
	}
	r.options.maps = r.place.maps
	return replayLetters(ctx, out, letters, r.options)
}
