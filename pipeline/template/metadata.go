// Package template describes the pipeline to Dataflow. It makes the metadata of the Flex Template,
// metadata.json, from the flags of the program. Dataflow shows the parameters in its console,
// checks those of a launch against their patterns, and passes them to the program as flags.
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

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/pipeline"
)

//go:generate go run ./generate

// Metadata describes a template.
type Metadata struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Streaming   bool   `json:"streaming"`
	// SupportsAtLeastOnce is false, because in that mode an element between two stages may come
	// twice. Events have ids that show it. The elements from stock to velocity have none and would
	// count twice.
	SupportsAtLeastOnce bool        `json:"supportsAtLeastOnce"`
	SupportsExactlyOnce bool        `json:"supportsExactlyOnce"`
	Parameters          []Parameter `json:"parameters"`
}

// Parameter describes a flag.
type Parameter struct {
	Name      string `json:"name"`
	GroupName string `json:"groupName"`
	Label     string `json:"label"`
	HelpText  string `json:"helpText"`
	// ParamType is a name of the API's enum. The console chooses its input field by it.
	ParamType   string   `json:"paramType"`
	EnumOptions []Option `json:"enumOptions,omitempty"`
	// Regexes must each match the whole value.
	Regexes      []string `json:"regexes,omitempty"`
	DefaultValue string   `json:"defaultValue,omitempty"`
	IsOptional   bool     `json:"isOptional,omitempty"`
}

// Option is a value of a parameter with the type ENUM.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Build returns the metadata for flags. The error lists every flag that is neither a parameter nor
// excluded, and every parameter and exclusion without a flag.
func Build(flags []config.Description) (Metadata, error) {
	m := Metadata{
		Name:                "Streamlytics",
		Description:         "Exact stock and velocity signals in Redis, from POS, ECOM and WMS events in Pub/Sub.",
		Streaming:           true,
		SupportsExactlyOnce: true,
	}
	known := map[string]config.Description{}
	var errs []error
	for _, f := range flags {
		known[f.Name] = f
		_, left := excluded[f.Name]
		taken := slices.ContainsFunc(parameters, func(p parameter) bool { return p.flag == f.Name })
		switch {
		case left && taken:
			errs = append(errs, fmt.Errorf("--%s is both a parameter and excluded", f.Name))
		case !left && !taken:
			errs = append(errs, fmt.Errorf("--%s is neither in parameters nor in excluded (parameters.go)", f.Name))
		}
	}
	for name := range excluded {
		if _, ok := known[name]; !ok {
			errs = append(errs, fmt.Errorf("excluded has --%s, which is no flag", name))
		}
	}
	for _, p := range parameters {
		f, ok := known[p.flag]
		if !ok {
			errs = append(errs, fmt.Errorf("parameters has --%s, which is no flag", p.flag))
			continue
		}
		m.Parameters = append(m.Parameters, p.describe(f))
	}
	return m, errors.Join(errs...)
}

func (p parameter) describe(f config.Description) Parameter {
	d := Parameter{Name: f.Name, GroupName: f.Group, Label: p.label, HelpText: p.help,
		ParamType: p.kind, Regexes: p.regexes}
	if d.HelpText == "" {
		d.HelpText = helpText(f.Usage)
	}
	choices := f.Choices
	if p.choices != nil {
		choices = p.choices
	}
	if choices != nil {
		d.ParamType, d.Regexes = "ENUM", []string{"^(" + strings.Join(choices, "|") + ")$"}
	}
	for _, v := range choices {
		d.EnumOptions = append(d.EnumOptions, Option{Value: v, Label: v})
	}
	if !p.required {
		d.DefaultValue, d.IsOptional = f.Default, true
	}
	return d
}

// helpText makes a sentence of a flag's usage. It removes the hyphens of the flags in it, which
// parameters do not have.
func helpText(usage string) string {
	s := strings.ReplaceAll(usage, "--", "")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// JSON returns the content of metadata.json, with one field a line.
func (m Metadata) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return b.Bytes(), err
}

// flagsOfTemplate returns the flags of the program, with their defaults on Dataflow, and those of
// Beam that are parameters. A default of 0 is left out for the latter, because there it means that
// the flag is not set.
func flagsOfTemplate() ([]config.Description, error) {
	o, err := pipeline.ParseFlags([]string{"--runner=dataflow"})
	if err != nil {
		return nil, err
	}
	flags := o.Set().Describe()
	for _, name := range beamFlags {
		f := flag.CommandLine.Lookup(name)
		if f == nil {
			return nil, fmt.Errorf("Beam has no flag --%s", name)
		}
		d := config.Description{Name: name, Group: "Workers", Usage: f.Usage, Default: f.DefValue}
		if d.Default == "0" {
			d.Default = ""
		}
		flags = append(flags, d)
	}
	return flags, nil
}

// Generate returns the content of metadata.json for the program.
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
