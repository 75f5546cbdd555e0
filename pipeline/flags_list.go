package pipeline

import "flag"

// Flag describes a flag of the binary to whatever is made of the flags, such as the metadata of the Flex Template.
type Flag struct {
	Name    string
	Usage   string // for a person, with the name of the value in backquotes
	Default string // as it is written on the command line; empty without one
}

// Flags lists the binary's own flags by name, with the defaults that they have with a runner. Flags of Beam are not among them.
func Flags(runner string) ([]Flag, error) {
	o, err := ParseFlags([]string{"--runner=" + runner})
	if err != nil {
		return nil, err
	}
	var flags []Flag
	flagSet(&o).VisitAll(func(f *flag.Flag) { flags = append(flags, Flag{Name: f.Name, Usage: f.Usage, Default: f.DefValue}) })
	return flags, nil
}
