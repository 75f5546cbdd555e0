package deadletters

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const usage = `usage: deadletters list   [flags]      one row a dead letter
       deadletters show   [flags] N    everything about letter N, with its payload
       deadletters replay [flags]      publish the messages of letters again
deadletters list --help (or show, replay) lists the flags.
`

// Run executes a command line, without the program's name. Results go to out, help and warnings to errOut.
func Run(ctx context.Context, args []string, out, errOut io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to do\n" + usage)
	}
	commands := map[string]func(context.Context, *command, []string) error{"list": runList, "show": runShow, "replay": runReplay}
	run, ok := commands[args[0]]
	switch {
	case ok:
	case slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		_, err := io.WriteString(errOut, usage)
		return err
	default:
		return fmt.Errorf("there is no command %q\n%s", args[0], usage)
	}
	c := &command{out: out, errOut: errOut, flags: flag.NewFlagSet("deadletters "+args[0], flag.ContinueOnError)}
	c.flags.SetOutput(io.Discard) // an error is told once, by the caller
	c.flags.StringVar(&c.dir, "warehouse_dir", "", "`folder` of the warehouse that holds the dead letters; this folder without it")
	c.flags.StringVar(&c.dataset, "bigquery_dataset", "", "`project.dataset` that holds the dead letters, in place of a folder")
	err := run(ctx, c, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		c.flags.SetOutput(errOut)
		c.flags.Usage()
		return nil
	}
	return err
}

// command is what the three commands share.
type command struct {
	out, errOut io.Writer
	flags       *flag.FlagSet
	dir         string
	dataset     string
	filter      filter
}

func (c *command) addFilter() {
	c.flags.Func("reason", "only letters of these comma separated `reasons`, such as BAD_TIME", func(value string) (err error) {
		c.filter.reasons, err = parseReasons(value)
		return err
	})
	c.flags.Func("source", "only letters from these comma separated `sources`: POS, ECOM, WMS, FILE", func(value string) (err error) {
		c.filter.sources, err = parseSources(value)
		return err
	})
	c.flags.Func("since", "only letters since a `time` (RFC 3339), or of the last such as 24h", func(value string) (err error) {
		c.filter.since, err = parseSince(value, time.Now())
		return err
	})
}

// parse reads flags and the positional arguments among them.
func (c *command) parse(args []string) (positional []string, err error) {
	for {
		if err := c.flags.Parse(args); err != nil {
			return nil, err
		}
		if c.flags.NArg() == 0 {
			return positional, nil
		}
		positional = append(positional, c.flags.Arg(0))
		args = c.flags.Args()[1:]
	}
}

func (c *command) parseFlagsOnly(args []string) error {
	positional, err := c.parse(args)
	if err == nil && len(positional) > 0 {
		err = fmt.Errorf("unexpected argument %q", positional[0])
	}
	return err
}

func (c *command) read(ctx context.Context) ([]letter, error) {
	from, err := sourceOf(c.dir, c.dataset)
	if err != nil {
		return nil, err
	}
	return from.read(ctx, func(err error) { fmt.Fprintln(c.errOut, "passed over:", err) })
}

func runList(ctx context.Context, c *command, args []string) error {
	c.addFilter()
	asJSON := c.flags.Bool("json", false, "one JSON object a line, complete")
	if err := c.parseFlagsOnly(args); err != nil {
		return err
	}
	letters, err := c.read(ctx)
	if err != nil {
		return err
	}
	letters = c.filter.apply(letters)
	if *asJSON {
		return listJSON(c.out, letters)
	}
	return list(c.out, letters)
}

func runShow(ctx context.Context, c *command, args []string) error {
	positional, err := c.parse(args)
	if err != nil {
		return err
	}
	if len(positional) != 1 {
		return errors.New("say which letter to show: one number as in the list")
	}
	letters, err := c.read(ctx)
	if err != nil {
		return err
	}
	chosen, err := byNumber(letters, positional[0])
	if err != nil {
		return err
	}
	return show(c.out, chosen[0])
}

// byNumber chooses letters by a comma separated list of their numbers; each once, in the order of the list.
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
