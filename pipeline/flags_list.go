package pipeline

import (
	"flag"
	"fmt"
)

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

// BeamFlags lists flags of Beam's by name. A default that only means that nothing is set is left out.
func BeamFlags(names ...string) ([]Flag, error) {
	var flags []Flag
	for _, name := range names {
		f := flag.CommandLine.Lookup(name)
		if f == nil {
			return nil, fmt.Errorf("Beam has no flag --%s", name)
		}
		d := f.DefValue
		if d == "0" {
			d = ""
		}
		flags = append(flags, Flag{Name: name, Usage: f.Usage, Default: d})
	}
	return flags, nil
}
