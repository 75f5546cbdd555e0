package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/config"
)

// CheckOptions configure a check of the options.
type CheckOptions struct {
	PrintConfig bool   // --print_config
	Sample      string // --sample
	Format      string // --format
}

// Flags declares the flags that set the fields of c.
func (c *CheckOptions) Flags() config.Group {
	return config.Group{Name: "Check", Action: true, Flags: []config.Flag{
		{Name: "print_config", Var: &c.PrintConfig,
			Usage: "print all options as a file for --config, each with where its value came from, " +
				"and connect to nothing"},
		{Name: "sample", Var: &c.Sample,
			Usage: "`file` of a producer, - for the standard input: " +
				"print the events or the refusals that each line would become"},
		{Name: "format", Var: &c.Format, Choices: []string{"pos", "ecom", "wms", "unified"},
			Usage: "format of --sample"},
	}}
}

// Validate reports options that do not fit together.
func (c *CheckOptions) Validate(set *config.Set) error {
	switch {
	case c.Sample == "" && c.Format != "":
		return fmt.Errorf("%s: needs --sample", set.NameOf("format"))
	case c.Sample != "" && !set.Given("format"):
		return fmt.Errorf("%s: needs --format", set.NameOf("sample"))
	}
	return nil
}

// Validate reports everything that is wrong with the options.
func (o Options) Validate(ctx context.Context) error {
	_, err := o.validate(ctx, time.Now())
	return err
}
