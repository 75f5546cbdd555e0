package deadletters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources/files"
)

// place is the options of where dead letters are kept, and of how the pipeline that wrote them maps
// messages.
type place struct {
	dir      string
	dataset  string
	project  string
	programs [len(mappable)]string // the values of the flags
	maps     event.Maps            // set by read
}

// mappable are the channels that may have a map: those of subscriptions.
var mappable = [...]event.Channel{event.POS, event.ECOM, event.WMS}

func (p *place) flags() config.Group {
	flags := []config.Flag{
		{Name: "warehouse_dir", Var: &p.dir,
			Usage: "`folder` of the warehouse that holds the dead letters; this folder without it"},
		{Name: "bigquery_dataset", Var: &p.dataset,
			Usage: "`dataset` that holds the dead letters, in place of a folder: " +
				"project.dataset, or dataset in --project"},
		{Name: "project", Var: &p.project, Usage: "Google Cloud `project` of a dataset or topic that is given by id"},
	}
	for i, channel := range mappable {
		flags = append(flags, config.Flag{Name: strings.TrimPrefix(channel.MapFlag(), "--"), Var: &p.programs[i],
			Usage: "`program` in jq, or the name of a file that holds one, by which the pipeline maps messages from " +
				channel.String()})
	}
	return config.Group{Name: "Warehouse", Flags: flags}
}

// read returns all letters. Warnings about letters that cannot be read go to errOut.
func (p *place) read(ctx context.Context, errOut io.Writer) ([]letter, error) {
	from, err := sourceOf(p.dir, p.dataset, p.project)
	if err = errors.Join(err, p.readMaps(ctx)); err != nil {
		return nil, err
	}
	letters, err := from.read(ctx, func(err error) { fmt.Fprintln(errOut, "left out:", err) })
	identify(letters, p.maps)
	return letters, err
}

// readMaps reads the programs of the maps.
func (p *place) readMaps(ctx context.Context) error {
	var errs []error
	for i, channel := range mappable {
		if p.programs[i] == "" {
			continue
		}
		program, err := files.Program(ctx, p.programs[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", channel.MapFlag(), err))
		}
		p.maps[channel] = program
	}
	return errors.Join(errs...)
}

// choice is the options that choose letters.
type choice struct {
	reasons string
	sources string
	since   string
}

func (c *choice) flags() config.Group {
	return config.Group{Name: "Filter", Flags: []config.Flag{
		{Name: "reason", Var: &c.reasons,
			Usage: "only letters of these `reasons`, separated by commas, such as BAD_TIME"},
		{Name: "source", Var: &c.sources,
			Usage: "only letters from these `sources`, separated by commas: POS, ECOM, WMS, FILE"},
		{Name: "since", Var: &c.since, Usage: "only letters since a `time` (RFC 3339), or of the last such as 24h"},
	}}
}

// filter returns the filter that the options describe. The error lists everything that is wrong.
func (c *choice) filter(set *config.Set) (f filter, err error) {
	var errs []error
	add := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(name), err))
		}
	}
	if c.reasons != "" {
		f.reasons, err = parseReasons(c.reasons)
		add("reason", err)
	}
	if c.sources != "" {
		f.sources, err = parseSources(c.sources)
		add("source", err)
	}
	if c.since != "" {
		f.since, err = parseSince(c.since, time.Now())
		add("since", err)
	}
	return f, errors.Join(errs...)
}

// List configures the command that lists dead letters.
type List struct {
	place  place
	choice choice
	json   bool
	filter filter
}

// Flags declares the flags that set the fields of l.
func (l *List) Flags() []config.Group {
	return []config.Group{l.place.flags(), l.choice.flags(), {Name: "Output", Flags: []config.Flag{
		{Name: "json", Var: &l.json, Usage: "one JSON object a line, complete"}}}}
}

// Validate completes the options. The error lists everything that is wrong.
func (l *List) Validate(set *config.Set, args []string) (err error) {
	l.filter, err = l.choice.filter(set)
	return errors.Join(config.NoArguments(args), err)
}

// Run writes a row for each letter to out, and warnings to errOut.
func (l *List) Run(ctx context.Context, out, errOut io.Writer) error {
	letters, err := l.place.read(ctx, errOut)
	if err != nil {
		return err
	}
	letters = l.filter.apply(letters)
	if l.json {
		return listJSON(out, letters)
	}
	return list(out, letters)
}

// Show configures the command that shows a dead letter.
type Show struct {
	place  place
	number string
}

// Flags declares the flags that set the fields of s.
func (s *Show) Flags() []config.Group { return []config.Group{s.place.flags()} }

// Validate completes the options. The argument is the number of a letter.
func (s *Show) Validate(_ *config.Set, args []string) error {
	if len(args) != 1 {
		return errors.New("give the number of one letter, as in the list")
	}
	s.number = args[0]
	return nil
}

// Run writes everything about the letter to out, and warnings to errOut.
func (s *Show) Run(ctx context.Context, out, errOut io.Writer) error {
	letters, err := s.place.read(ctx, errOut)
	if err != nil {
		return err
	}
	chosen, err := byNumber(letters, s.number)
	if err != nil {
		return err
	}
	return show(out, chosen[0])
}

// byNumber returns the letters of a comma separated list of numbers, each once, in the order of the
// list.
func byNumber(letters []letter, value string) ([]letter, error) {
	var chosen []letter
	for _, text := range strings.Split(value, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > len(letters) {
			return nil, fmt.Errorf("there is no letter %q; there are %d", text, len(letters))
		}
		if l := letters[n-1]; !slices.ContainsFunc(chosen, func(c letter) bool { return c.N == l.N }) {
			chosen = append(chosen, l)
		}
	}
	return chosen, nil
}
