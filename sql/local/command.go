package local

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
)

// defaults are the values of parameters that need not be given.
var defaults = map[string]any{
	"horizon_hours": int64(168), "lookback_days": int64(7), "lookahead_days": int64(2), "rate_hours": int64(24), "in_flight_seconds": int64(5),
	"weight_views": int64(1), "weight_cart_adds": int64(5), "weight_units": int64(10),
}

// Command is the program `analyse` with its arguments, and returns its exit code: 0, 1 when it failed, 2 when the arguments are
// wrong.
func Command(ctx context.Context, args []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("analyse", flag.ContinueOnError)
	flags.SetOutput(problems)
	dir := flags.String("warehouse_dir", "", "`folder` that the pipeline archives into")
	limit := flags.Int("limit", 20, "show at most so many `rows`; 0: all")
	origin := flags.String("clock_origin", "", "the pipeline's --clock_origin, RFC 3339 `time`, if it ran with one; high_demand_audit needs no clock flags")
	started := flags.String("clock_started", "", "the wall `time` at which its clock showed that, RFC 3339")
	speed := flags.Float64("clock_speed", 1, "its --clock_speed")
	flags.Usage = func() { usage(flags, problems) }
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	c, err := clockOf(*origin, *started, *speed)
	if err == nil && *dir == "" {
		err = errors.New("--warehouse_dir is missing")
	}
	if err == nil && flags.NArg() == 0 {
		err = errors.New("which analysis? --help lists them")
	}
	var a Analysis
	var parameters map[string]any
	if err == nil {
		a, parameters, err = asked(flags.Args())
	}
	if err != nil {
		fmt.Fprintf(problems, "analyse: %v\n", err)
		return 2
	}
	if a.Name == rebuildName {
		err = writeEvents(ctx, out, *dir, parameters)
	} else {
		err = printAnswer(ctx, out, *dir, c, a, parameters, *limit)
	}
	if err != nil {
		fmt.Fprintf(problems, "analyse: %v\n", err)
		return 1
	}
	return 0
}

func usage(flags *flag.FlagSet, w io.Writer) {
	fmt.Fprintln(w, "analyse --warehouse_dir=FOLDER [flags] ANALYSIS [parameter=value]...")
	fmt.Fprintln(w)
	flags.PrintDefaults()
	fmt.Fprintln(w, "\nAnalyses, with their parameters; from and to are RFC 3339 times:")
	all, err := Analyses()
	if err != nil {
		fmt.Fprintln(w, err)
	}
	for _, a := range all {
		fmt.Fprintf(w, "  %s (%s)\n      %s\n", a.Name, strings.Join(a.Parameters, ", "), a.Question)
	}
	if a, err := rebuild(); err != nil {
		fmt.Fprintln(w, err)
	} else {
		fmt.Fprintf(w, "\nNo analysis (at is now if it is not given):\n  %s (%s)\n      %s\n", a.Name, strings.Join(a.Parameters, ", "), a.Question)
	}
}

// clockOf returns the clock that the flags describe.
func clockOf(origin, started string, speed float64) (clock.Clock, error) {
	if origin == "" && started == "" && speed == 1 {
		return clock.Clock{}, nil
	}
	at, err := time.Parse(time.RFC3339, origin)
	if err != nil {
		return clock.Clock{}, fmt.Errorf("--clock_origin: %q is not an RFC 3339 time", origin)
	}
	wall, err := time.Parse(time.RFC3339, started)
	if err != nil {
		return clock.Clock{}, fmt.Errorf("--clock_started: %q is not an RFC 3339 time", started)
	}
	if !(speed > 0) {
		return clock.Clock{}, fmt.Errorf("--clock_speed: %v is not above 0", speed)
	}
	return clock.New(at, wall, speed), nil
}

// asked reads the analysis and its parameters.
func asked(args []string) (Analysis, map[string]any, error) {
	a, err := Find(args[0])
	if err != nil {
		return a, nil, err
	}
	values := map[string]any{}
	for _, name := range a.Parameters {
		if v, ok := defaults[name]; ok {
			values[name] = v
		}
	}
	if a.Name == rebuildName {
		values["at"] = time.Now()
	}
	for _, arg := range args[1:] {
		name, text, ok := strings.Cut(arg, "=")
		if !ok {
			return a, nil, fmt.Errorf("%q is not parameter=value", arg)
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			values[name] = n
		} else if at, err := time.Parse(time.RFC3339, text); err == nil {
			values[name] = at
		} else {
			return a, nil, fmt.Errorf("%s: %q is neither an integer nor an RFC 3339 time", name, text)
		}
	}
	return a, values, nil
}

// writeEvents writes the events that rebuild the state as JSON lines.
func writeEvents(ctx context.Context, out io.Writer, dir string, parameters map[string]any) (err error) {
	at, isTime := parameters["at"].(time.Time)
	hours, isInteger := parameters["horizon_hours"].(int64)
	if !isTime || !isInteger || len(parameters) != 2 {
		return errors.New("rebuild takes at=TIME and horizon_hours=INTEGER")
	}
	w, err := Open(ctx, dir, clock.Clock{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Rebuild(ctx, out, at, time.Duration(hours)*time.Hour)
}

// printAnswer runs an analysis and prints its rows as a table.
func printAnswer(ctx context.Context, out io.Writer, dir string, c clock.Clock, a Analysis, parameters map[string]any, limit int) (err error) {
	if a.ownClock() {
		c = clock.Clock{}
	}
	w, err := Open(ctx, dir, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r, err := w.Run(ctx, a, parameters)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(r.Columns, "\t"))
	for i, row := range r.Rows {
		if limit > 0 && i == limit {
			break
		}
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = text(v)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the rows: %w", err)
	}
	_, err = fmt.Fprintf(out, "%d rows\n", len(r.Rows))
	return err
}
