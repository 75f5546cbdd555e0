// Package config reads the options of a command from a file, from the environment and from the
// command line. An option is declared once, as a Flag in a Group. Its help, its row in the
// documents and its name in the file and the environment follow from that.
//
// A flag beats the environment, and the environment beats the file. The key in the file is the name
// of the flag; the variable is Prefix and the name in capitals.
package config

import (
	"encoding"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Prefix begins the names of all variables of the environment that are options.
const Prefix = "STREAMLYTICS_"

// File is the name of the flag that names the file.
const File = "config"

// Group is a number of flags under one heading.
type Group struct {
	Name   string
	Flags  []Flag
	Action bool // the flags choose what a command does; Print leaves them out
}

// Flag declares an option.
type Flag struct {
	Name string // snake_case
	// Var points to the value, which holds the default: a *string, *bool, *int, *int64, *uint64,
	// *float64, *time.Duration, or an encoding.TextUnmarshaler that is an encoding.TextMarshaler.
	Var any
	// Usage is the meaning in plain words. What stands in backquotes in it is the name or the unit
	// of the value.
	Usage   string
	Choices []string // the values that are valid; nil: not a fixed number
	// Secret reports whether a value must not be shown. Nil: all may be.
	Secret func(value string) bool
}

// Set is the options of one command. It is not safe for concurrent use.
type Set struct {
	groups  []Group
	flags   *flag.FlagSet
	library *flag.FlagSet   // of a library, which has flags of its own; may be nil
	ignored map[string]bool // boolean flags that have no effect
	others  map[string]bool // options of other commands
	path    string          // --config
	given   map[string]origin

	suggestions int // that were looked for
}

// NewSet returns the options in groups, and --config. It panics on a flag that is declared twice or
// has a value of another type than those of Flag.Var.
func NewSet(groups ...Group) *Set {
	s := &Set{flags: flag.NewFlagSet("", flag.ContinueOnError), ignored: map[string]bool{},
		others: map[string]bool{}, given: map[string]origin{}}
	s.flags.SetOutput(io.Discard)
	s.groups = append(slices.Clone(groups), Group{Name: "Configuration", Action: true, Flags: []Flag{
		{Name: File, Var: &s.path, Usage: "YAML `file` with options; its keys are the names of the flags"}}})
	for _, g := range s.groups {
		for _, f := range g.Flags {
			define(s.flags, f)
		}
	}
	return s
}

// AddLibrary lets the set also take the flags of a library. A flag of the same name as one of the
// set is set with it. The boolean flags in ignored are taken and have no effect.
func (s *Set) AddLibrary(flags *flag.FlagSet, ignored ...string) {
	s.library = flags
	for _, name := range ignored {
		s.ignored[name] = true
	}
}

// Tolerate makes the set skip options of other commands in the file and in the environment.
func (s *Set) Tolerate(names []string) {
	for _, name := range names {
		s.others[name] = true
	}
}

// Names returns the names of all flags, those of the library and those that are ignored included.
func (s *Set) Names() (names []string) {
	add := func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			names = append(names, f.Name)
		}
	}
	s.flags.VisitAll(add)
	if s.library != nil {
		s.library.VisitAll(add)
	}
	names = slices.AppendSeq(names, maps.Keys(s.ignored))
	slices.Sort(names)
	return slices.Compact(names)
}

// origin is where the value of an option came from.
type origin struct {
	place string // "file.yaml:7", "environment" or "command line"
	name  string // the name of the option there, such as --clock_speed
}

// Given reports whether an option was given, by whatever way.
func (s *Set) Given(name string) bool { _, ok := s.given[name]; return ok }

// NameOf returns how the user wrote an option: --name, the variable, or the file, line and key. It
// is --name for an option that was not given.
func (s *Set) NameOf(name string) string {
	if o, ok := s.given[name]; ok {
		return o.name
	}
	return "--" + name
}

// define adds a flag to a flag set.
func define(fs *flag.FlagSet, f Flag) {
	switch v := f.Var.(type) {
	case *string:
		fs.StringVar(v, f.Name, *v, f.Usage)
	case *bool:
		fs.BoolVar(v, f.Name, *v, f.Usage)
	case *int:
		fs.IntVar(v, f.Name, *v, f.Usage)
	case *int64:
		fs.Int64Var(v, f.Name, *v, f.Usage)
	case *uint64:
		fs.Uint64Var(v, f.Name, *v, f.Usage)
	case *float64:
		fs.Float64Var(v, f.Name, *v, f.Usage)
	case *time.Duration:
		fs.DurationVar(v, f.Name, *v, f.Usage)
	case encoding.TextUnmarshaler:
		fs.TextVar(v, f.Name, f.Var.(encoding.TextMarshaler), f.Usage)
	default:
		panic(fmt.Sprintf("config: --%s has a value of type %T", f.Name, f.Var))
	}
}

// declared returns the declaration of a flag, and the zero Flag for one of the library.
func (s *Set) declared(name string) Flag {
	for _, g := range s.groups {
		for _, f := range g.Flags {
			if f.Name == name {
				return f
			}
		}
	}
	return Flag{}
}

// Values returns the value of each declared flag, as it is written on the command line.
func (s *Set) Values() map[string]string {
	values := map[string]string{}
	s.flags.VisitAll(func(f *flag.Flag) { values[f.Name] = f.Value.String() })
	delete(values, File)
	return values
}

// NoArguments returns an error that lists arguments where a command takes none.
func NoArguments(args []string) error {
	var errs []error
	for _, arg := range args {
		errs = append(errs, fmt.Errorf("unexpected argument %q", arg))
	}
	return errors.Join(errs...)
}
