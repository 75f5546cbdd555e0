package config

import "errors"

// Options configure a command.
type Options interface {
	// Flags declares the flags that set the fields.
	Flags() []Group
	// Validate completes the options after the flags are set. args are the arguments that are no
	// flags. The error lists everything that is wrong.
	Validate(set *Set, args []string) error
}

// Parse sets options from the environment (NAME=value) and a command line. The error lists
// everything that is wrong.
func Parse(o Options, args, environ []string) error {
	set := NewSet(o.Flags()...)
	rest, err := set.Parse(args, environ)
	if errors.Is(err, ErrHelp) {
		return err
	}
	return errors.Join(err, o.Validate(set, rest))
}
