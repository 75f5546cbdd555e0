package deadletters

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/tools/replay"
)

// replayFlags are the flags of the command replay, beside the folder and the filters.
type replayFlags struct {
	numbers string
	all     bool
	data    string
	newID   bool
	dryRun  bool
	project string
	topics  map[event.Channel]*string
}

func addReplayFlags(flags *flag.FlagSet) *replayFlags {
	f := &replayFlags{topics: map[event.Channel]*string{}}
	flags.StringVar(&f.numbers, "n", "", "the letters of these comma separated `numbers`, as in the list")
	flags.BoolVar(&f.all, "all", false, "all letters")
	flags.StringVar(&f.data, "data", "", "`file` that holds the repaired payload of the one letter")
	flags.BoolVar(&f.newID, "new_id", false, "the repaired payload may have another event id, though other items of the message count already")
	flags.BoolVar(&f.dryRun, "dry_run", false, "say what would be published, and publish nothing")
	flags.StringVar(&f.project, "project", "", "`project` of topics that are given by id")
	for _, channel := range event.Channels {
		f.topics[channel] = flags.String(strings.ToLower(channel.String())+"_topic", "", "`topic` for letters from "+channel.String()+", id or full name")
	}
	return f
}

func runReplay(ctx context.Context, c *command, args []string) error {
	c.addFilter()
	f := addReplayFlags(c.flags)
	if err := c.parseFlagsOnly(args); err != nil {
		return err
	}
	o, err := f.options(c.filter)
	if err != nil {
		return err
	}
	letters, err := c.read(ctx)
	if err != nil {
		return err
	}
	if f.numbers == "" {
		letters = c.filter.apply(letters)
	} else if letters, err = byNumber(letters, f.numbers); err != nil {
		return err
	}
	if o.repaired != nil && len(letters) != 1 {
		return errOneRepair
	}
	return replayLetters(ctx, c.out, letters, o)
}

var errOneRepair = errors.New("--data repairs one letter: choose it by --n")

// options checks the flags and reads the repaired payload.
func (f *replayFlags) options(chosen filter) (replayOptions, error) {
	o := replayOptions{topics: map[string]string{}, newID: f.newID, dryRun: f.dryRun, strict: f.numbers != ""}
	var errs []error
	ways := 0
	for _, used := range []bool{f.numbers != "", f.all, !chosen.isZero()} {
		if used {
			ways++
		}
	}
	if ways != 1 {
		errs = append(errs, errors.New("say which letters: by --n, or by filters (--reason, --source, --since), or --all"))
	}
	for _, channel := range event.Channels {
		topic := *f.topics[channel]
		if topic == "" {
			continue
		}
		name, err := replay.TopicName(f.project, topic)
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s_topic: %w", strings.ToLower(channel.String()), err))
		}
		o.topics[channel.String()] = name
	}
	switch {
	case f.data == "" && f.newID:
		errs = append(errs, errors.New("--new_id needs --data"))
	case f.data == "":
	case f.numbers == "":
		errs = append(errs, errOneRepair)
	default:
		data, err := os.ReadFile(f.data)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading the repaired payload: %w", err))
		}
		o.repaired = append([]byte{}, bytes.TrimRight(data, "\r\n")...) // editors end a file with a line's end
	}
	return o, errors.Join(errs...)
}
