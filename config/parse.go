package config

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrHelp is the error of Parse for --help.
var ErrHelp = flag.ErrHelp

// setting is an option with its value as text.
type setting struct {
	option string
	value  string
	origin
}

// Parse sets the options from the file, from the environment (NAME=value) and from the command line
// without the program's name. It returns the arguments that are no flags. The error lists
// everything that is wrong: unknown names, values of the wrong type, a file that cannot be read. An
// option whose value is wrong keeps the value that it had. Parse must be called once.
func (s *Set) Parse(args, environ []string) (rest []string, err error) {
	p := parser{set: s, args: args}
	for len(p.args) > 0 {
		if err := p.next(); errors.Is(err, ErrHelp) {
			return nil, ErrHelp
		} else if err != nil {
			p.errs = append(p.errs, err)
		}
	}
	variables, errs := s.variables(environ)
	p.errs = append(p.errs, errs...)
	var inFile []setting
	if named := s.findFile(variables, p.settings); named != (origin{}) {
		inFile, errs = s.readFile(s.path, named)
		p.errs = append(p.errs, errs...)
	}
	for _, layer := range [][]setting{inFile, variables, p.settings} {
		for _, x := range layer {
			if err := s.apply(x); err != nil {
				p.errs = append(p.errs, err)
			}
		}
	}
	return p.rest, errors.Join(p.errs...)
}

// findFile sets the path of the file from the layers above it, and returns where it was named.
func (s *Set) findFile(layers ...[]setting) (named origin) {
	for _, layer := range layers {
		for _, x := range layer {
			if x.option == File {
				s.path, named = x.value, x.origin
			}
		}
	}
	return named
}

// parser parses a command line flag by flag.
type parser struct {
	set      *Set
	args     []string // not parsed yet
	settings []setting
	rest     []string
	errs     []error
}

// next parses a flag with its value, or an argument.
func (p *parser) next() error {
	arg := p.args[0]
	p.args = p.args[1:]
	name, isFlag := strings.CutPrefix(arg, "-")
	if !isFlag || name == "" {
		p.rest = append(p.rest, arg)
		return nil
	}
	name = strings.TrimPrefix(name, "-")
	if name == "" { // all behind -- are arguments
		p.rest, p.args = append(p.rest, p.args...), nil
		return nil
	}
	name, value, hasValue := strings.Cut(name, "=")
	if name == "h" || name == "help" {
		return ErrHelp
	}
	if p.set.ignored[name] {
		if _, err := strconv.ParseBool(value); hasValue && err != nil {
			return fmt.Errorf("--%s: %q is not true or false", name, value)
		}
		return p.noBool(name, hasValue)
	}
	targets := p.set.targets(name)
	if len(targets) == 0 {
		if !hasValue && len(p.args) > 0 && !strings.HasPrefix(p.args[0], "-") {
			p.args = p.args[1:] // most likely its value
		}
		return fmt.Errorf("--%s: unknown flag%s", name, p.set.suggestOption(name, flagOf))
	}
	switch {
	case hasValue:
	case isBool(targets[0]):
		value = "true"
		if err := p.noBool(name, false); err != nil {
			return err
		}
	case len(p.args) == 0:
		return fmt.Errorf("--%s: needs a value", name)
	default:
		value, p.args = p.args[0], p.args[1:]
	}
	p.settings = append(p.settings, setting{name, value, origin{"command line", "--" + name}})
	return nil
}

// noBool returns an error if the next argument is the value of a flag that is true or false and has
// no value.
func (p *parser) noBool(name string, hasValue bool) error {
	if hasValue || len(p.args) == 0 || p.args[0] != "true" && p.args[0] != "false" {
		return nil
	}
	value := p.args[0]
	p.args = p.args[1:]
	return fmt.Errorf("--%s: write --%s=%s", name, name, value)
}

// flagOf returns the flag for an option.
func flagOf(option string) string { return "--" + option }

// targets returns the flags that a name sets: that of the set and that of the library, where they
// exist. Both have some names, such as project.
func (s *Set) targets(name string) (targets []*flag.Flag) {
	if f := s.flags.Lookup(name); f != nil {
		targets = append(targets, f)
	}
	if s.library == nil || strings.HasPrefix(name, "test.") {
		return targets
	}
	if f := s.library.Lookup(name); f != nil {
		targets = append(targets, f)
	}
	return targets
}

// apply sets an option.
func (s *Set) apply(x setting) error {
	s.given[x.option] = x.origin
	f := s.declared(x.option)
	if err := checkChoice(f, x); err != nil {
		return err
	}
	for _, target := range s.targets(x.option) {
		if err := s.set(target, x.value); err != nil {
			return fmt.Errorf("%s: %s is not %s%s", x.name, quoted(f, x.value), kindOf(target),
				inHours(target, x.value))
		}
	}
	return nil
}

// set sets a flag. Flags of the library are set through its flag set, which records that they were
// given.
func (s *Set) set(f *flag.Flag, value string) error {
	before := f.Value.String()
	var err error
	if s.library != nil && s.library.Lookup(f.Name) == f {
		err = s.library.Set(f.Name, value)
	} else {
		err = f.Value.Set(value)
	}
	if err != nil {
		_ = f.Value.Set(before) // a flag accepts its own value
	}
	return err
}

func checkChoice(f Flag, x setting) error {
	if f.Choices == nil || slices.Contains(f.Choices, x.value) {
		return nil
	}
	return fmt.Errorf("%s: %s is not %s%s", x.name, quoted(f, x.value), alternatives(f.Choices),
		suggest(x.value, f.Choices, strconv.Quote))
}

// quoted returns a value in quotation marks, or asterisks for a secret.
func quoted(f Flag, value string) string {
	if f.Secret != nil && f.Secret(value) {
		return masked
	}
	return strconv.Quote(value)
}

// masked stands for a secret.
const masked = "********"

// alternatives joins words: a, b or c.
func alternatives(words []string) string {
	n := len(words)
	if n == 1 {
		return words[0]
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}
