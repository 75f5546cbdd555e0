package pipeline

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrHelp is the error of ParseFlags for --help. Usage returns the text to show.
var ErrHelp = flag.ErrHelp

// ParseFlags returns the options on a command line. It sets flags of Beam, such as --job_name and
// --experiments, in flag.CommandLine, where Beam reads them. The error lists everything that is
// wrong: unknown flags, values of the wrong type, arguments that are no flags.
func ParseFlags(args []string) (Options, error) {
	o := DefaultOptions()
	o.Emulator = os.Getenv("PUBSUB_EMULATOR_HOST")
	o.BigQueryEmulator = os.Getenv("BIGQUERY_WRITE_EMULATOR_HOST")
	p := parser{args: args, flags: flagSet(&o), given: map[string]bool{}}
	var errs []error
	for len(p.args) > 0 && !(len(p.args) == 1 && p.args[0] == "--") {
		err := p.next()
		if errors.Is(err, ErrHelp) {
			return o, ErrHelp
		}
		errs = append(errs, err)
	}
	o.defaultsOfRunner(p.given)
	return o, errors.Join(errs...)
}

// parser parses a command line flag by flag.
type parser struct {
	args  []string // not parsed yet
	flags *flag.FlagSet
	given map[string]bool
}

// launcherFlags are flags that the launcher of Flex Templates gives and Beam's Go SDK does not
// have. They have no effect: a job with unbounded input streams, and the service chooses the
// engine.
var launcherFlags = map[string]bool{"streaming": true, "enable_streaming_engine": true}

// next parses a flag and its value.
func (p *parser) next() error {
	arg := p.args[0]
	p.args = p.args[1:]
	name, ok := strings.CutPrefix(arg, "-")
	if !ok || name == "" {
		return fmt.Errorf("%q is no flag", arg)
	}
	name = strings.TrimPrefix(name, "-")
	name, value, hasValue := strings.Cut(name, "=")
	if name == "h" || name == "help" {
		return ErrHelp
	}
	if launcherFlags[name] {
		if _, err := strconv.ParseBool(value); hasValue && err != nil {
			return fmt.Errorf("--%s: %q is not true or false", name, value)
		}
		return nil
	}
	targets := targetsOf(p.flags, name)
	if len(targets) == 0 {
		if !hasValue && len(p.args) > 0 && !strings.HasPrefix(p.args[0], "-") {
			p.args = p.args[1:] // most likely its value
		}
		return fmt.Errorf("--%s: unknown flag", name)
	}
	switch {
	case hasValue:
	case isBool(targets[0]):
		value = "true"
	case len(p.args) == 0:
		return fmt.Errorf("--%s: needs a value", name)
	default:
		value, p.args = p.args[0], p.args[1:]
	}
	p.given[name] = true
	for _, f := range targets {
		if err := set(f, value); err != nil {
			return fmt.Errorf("--%s: %q is not %s%s", name, value, kindOf(f), inHours(f, value))
		}
	}
	return nil
}

// targetsOf returns the flags that a name sets: that of the program and that of Beam, where they
// exist. Both have some names, such as project.
func targetsOf(fs *flag.FlagSet, name string) (targets []*flag.Flag) {
	if f := fs.Lookup(name); f != nil {
		targets = append(targets, f)
	}
	if f := flag.CommandLine.Lookup(name); f != nil && !strings.HasPrefix(name, "test.") {
		targets = append(targets, f)
	}
	return targets
}

// set sets a flag. Flags of Beam are set through flag.CommandLine, which records that they were
// given. A value of the wrong type leaves the flag as it is, so that its range is not reported too.
func set(f *flag.Flag, value string) error {
	before := f.Value.String()
	var err error
	if flag.CommandLine.Lookup(f.Name) == f {
		err = flag.CommandLine.Set(f.Name, value)
	} else {
		err = f.Value.Set(value)
	}
	if err != nil {
		_ = f.Value.Set(before) // a flag accepts its own value
	}
	return err
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// kindOf describes the values of a flag.
func kindOf(f *flag.Flag) string {
	g, ok := f.Value.(flag.Getter)
	if !ok {
		return "a value that the flag takes"
	}
	switch g.Get().(type) {
	case bool:
		return "true or false"
	case int, int64, uint, uint64:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return "a text"
	case *slog.Level:
		return "DEBUG, INFO, WARN or ERROR"
	}
	return "a duration such as 30s or 168h"
}

// daysAndWeeks matches the parts of a duration for which Go has no units.
var daysAndWeeks = regexp.MustCompile(`(\d+(?:\.\d+)?)([dw])`)

// inHours returns a hint that gives a duration in days or weeks in hours, and "" for other values.
func inHours(f *flag.Flag, value string) string {
	if _, ok := f.Value.(flag.Getter); !ok || !strings.HasPrefix(kindOf(f), "a duration") {
		return ""
	}
	hours := daysAndWeeks.ReplaceAllStringFunc(value, func(part string) string {
		n, err := strconv.ParseFloat(part[:len(part)-1], 64)
		if err != nil {
			return part
		}
		if part[len(part)-1] == 'w' {
			n *= 7
		}
		return strconv.FormatFloat(24*n, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(hours)
	if err != nil || hours == value {
		return ""
	}
	hours = d.String()
	if d%time.Hour == 0 {
		hours = fmt.Sprintf("%dh", d/time.Hour)
	}
	return ": there is no unit for days or weeks; write " + hours
}
