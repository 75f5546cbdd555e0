// Package template describes the pipeline to Dataflow: it makes the metadata of the Flex Template, metadata.json, from the flags of the
// binary. Dataflow shows them in its console, checks the parameters of a launch against them, and hands those to the binary as flags.
//
// The format is TemplateMetadata of the Dataflow API, v1b3.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/pipeline"
)

//go:generate go run ./generate

// Metadata is what Dataflow is told of a template.
type Metadata struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Streaming   bool   `json:"streaming"`
	// In Dataflow's at-least-once mode an element between two stages may come twice. Events have ids that show it; what stock and
	// velocity of one store pass on to the stages over all stores has none, and would count twice.
	SupportsAtLeastOnce bool        `json:"supportsAtLeastOnce"`
	SupportsExactlyOnce bool        `json:"supportsExactlyOnce"`
	Parameters          []Parameter `json:"parameters"`
}

// Parameter is what Dataflow is told of a flag.
type Parameter struct {
	Name      string `json:"name"`
	GroupName string `json:"groupName"`
	Label     string `json:"label"`
	HelpText  string `json:"helpText"`
	// ParamType is a name of the API's enum, and chooses how the console asks for the value.
	ParamType   string   `json:"paramType"`
	EnumOptions []Option `json:"enumOptions,omitempty"`
	// Regexes are what a value must match, all of it.
	Regexes      []string `json:"regexes,omitempty"`
	DefaultValue string   `json:"defaultValue,omitempty"`
	IsOptional   bool     `json:"isOptional,omitempty"`
}

// Option is a value of a parameter of the type ENUM.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Build makes the metadata from the flags. The error lists every flag about which nobody has decided, and every decision about a
// flag that is no more.
func Build(flags []pipeline.Flag) (Metadata, error) {
	m := Metadata{
		Name:                "Streamlytics",
		Description:         "Exact stock and honest velocity signals in Redis, from POS, ECOM and WMS events in Pub/Sub.",
		Streaming:           true,
		SupportsExactlyOnce: true,
	}
	known := map[string]pipeline.Flag{}
	var errs []error
	for _, f := range flags {
		known[f.Name] = f
		_, left := excluded[f.Name]
		taken := slices.ContainsFunc(parameters, func(p parameter) bool { return p.flag == f.Name })
		switch {
		case left && taken:
			errs = append(errs, fmt.Errorf("--%s is both a parameter and excluded", f.Name))
		case !left && !taken:
			errs = append(errs, fmt.Errorf("--%s is neither a parameter (parameters.go) nor excluded with a reason (excluded.go)", f.Name))
		}
	}
	for name := range excluded {
		if _, ok := known[name]; !ok {
			errs = append(errs, fmt.Errorf("excluded.go names --%s, which is no flag", name))
		}
	}
	for _, p := range parameters {
		f, ok := known[p.flag]
		if !ok {
			errs = append(errs, fmt.Errorf("parameters.go names --%s, which is no flag", p.flag))
			continue
		}
		m.Parameters = append(m.Parameters, p.describe(f))
	}
	return m, errors.Join(errs...)
}

func (p parameter) describe(f pipeline.Flag) Parameter {
	d := Parameter{Name: f.Name, GroupName: p.group, Label: p.label, HelpText: p.help, ParamType: p.kind, Regexes: p.regexes}
	if d.HelpText == "" {
		d.HelpText = helpText(f.Usage)
	}
	for _, v := range p.options {
		d.EnumOptions = append(d.EnumOptions, Option{Value: v, Label: v})
	}
	if !p.required {
		d.DefaultValue, d.IsOptional = f.Default, true
	}
	return d
}

// helpText makes a sentence of a flag's usage. Other flags have no hyphens as parameters.
func helpText(usage string) string {
	_, s := flag.UnquoteUsage(&flag.Flag{Usage: usage})
	s = strings.ReplaceAll(s, "--", "")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// JSON is the file's content, for people too: one field a line.
func (m Metadata) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return b.Bytes(), err
}

// flagsOfTemplate lists the flags of the binary that this package is compiled with, and those of Beam that are parameters.
func flagsOfTemplate() ([]pipeline.Flag, error) {
	flags, err := pipeline.Flags("dataflow")
	if err != nil {
		return nil, err
	}
	ofBeam, err := pipeline.BeamFlags(beamFlags()...)
	return append(flags, ofBeam...), err
}

// Generate makes the metadata of that binary.
func Generate() ([]byte, error) {
	flags, err := flagsOfTemplate()
	if err != nil {
		return nil, err
	}
	m, err := Build(flags)
	if err != nil {
		return nil, err
	}
	return m.JSON()
}
