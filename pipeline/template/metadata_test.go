package template

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dataflow "google.golang.org/api/dataflow/v1b3"

	"github.com/beamlytics/streamlytics/config"
)

func dataflowFlags(t *testing.T) []config.Description {
	t.Helper()
	flags, err := flagsOfTemplate()
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

func published(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile("../../metadata.json")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestMetadataFile checks that metadata.json is generated from the flags.
func TestMetadataFile(t *testing.T) {
	want, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	if got := published(t); !bytes.Equal(got, want) {
		t.Errorf("metadata.json is not what the flags of the binary come to; run: go generate ./pipeline/template")
	}
}

// TestMetadataFormat checks that the type of the API has every field and accepts every value.
func TestMetadataFormat(t *testing.T) {
	d := json.NewDecoder(bytes.NewReader(published(t)))
	d.DisallowUnknownFields()
	var m dataflow.TemplateMetadata
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if !m.Streaming || !m.SupportsExactlyOnce || m.SupportsAtLeastOnce {
		t.Errorf("streaming %v, exactly once %v, at least once %v", m.Streaming,
			m.SupportsExactlyOnce, m.SupportsAtLeastOnce)
	}
	names := map[string]bool{}
	for _, p := range m.Parameters {
		if p.Name == "" || p.Label == "" || p.HelpText == "" {
			t.Errorf("%q: label %q, help %q: gcloud refuses a parameter without all three", p.Name, p.Label, p.HelpText)
		}
		if names[p.Name] {
			t.Errorf("%s is there twice", p.Name)
		}
		names[p.Name] = true
		if !slices.Contains([]string{"TEXT", "NUMBER", "BOOLEAN", "ENUM", "PUBSUB_SUBSCRIPTION"}, p.ParamType) {
			t.Errorf("%s: %q is no type of parameter that is used here", p.Name, p.ParamType)
		}
		if (p.ParamType == "ENUM") != (len(p.EnumOptions) > 0) {
			t.Errorf("%s: %s with %d options", p.Name, p.ParamType, len(p.EnumOptions))
		}
		for _, r := range p.Regexes {
			pattern, err := regexp.Compile(r)
			if err != nil {
				t.Errorf("%s: %v", p.Name, err)
			} else if p.DefaultValue != "" && !pattern.MatchString(p.DefaultValue) {
				t.Errorf("%s: its default, %q, does not match %s", p.Name, p.DefaultValue, r)
			}
			if !strings.HasPrefix(r, "^") || !strings.HasSuffix(r, "$") {
				t.Errorf("%s: %s would match a part of a value", p.Name, r)
			}
		}
	}
	for _, set := range []string{"runner", "project", "region", "job_name", "template_location",
		"staging_location", "worker_binary"} {
		if names[set] {
			t.Errorf("%s is a parameter, and the launcher's or the binary's to set", set)
		}
	}
}

// TestBuildReportsFlags checks that Build reports a flag that is added or removed.
func TestBuildReportsFlags(t *testing.T) {
	flags := dataflowFlags(t)
	_, err := Build(append(slices.Clone(flags), config.Description{Name: "new_flag", Usage: "is new"}))
	if err == nil || !strings.Contains(err.Error(), "--new_flag is neither in parameters nor in excluded") {
		t.Errorf("a flag more: %v", err)
	}
	for i, f := range flags {
		_, err := Build(slices.Concat(flags[:i], flags[i+1:]))
		if err == nil || !strings.Contains(err.Error(), "--"+f.Name+", which is no flag") {
			t.Errorf("without --%s: %v", f.Name, err)
		}
	}
}

// TestBuildFollowsFlags checks that another default or usage changes the metadata.
func TestBuildFollowsFlags(t *testing.T) {
	flags := dataflowFlags(t)
	change := func(name string, change func(*config.Description)) string {
		changed := slices.Clone(flags)
		change(&changed[slices.IndexFunc(changed, func(f config.Description) bool { return f.Name == name })])
		m, err := Build(changed)
		if err != nil {
			t.Fatal(err)
		}
		content, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for _, p := range parameters {
		if !p.required {
			if !strings.Contains(change(p.flag, func(f *config.Description) { f.Default = "another" }),
				`"defaultValue": "another"`) {
				t.Errorf("%s: another default changes nothing", p.flag)
			}
		}
		if p.help == "" && !strings.Contains(change(p.flag, func(f *config.Description) {
			f.Usage = "another thing of --x"
		}), `"helpText": "Another thing of x."`) {
			t.Errorf("%s: another usage changes nothing", p.flag)
		}
	}
}
