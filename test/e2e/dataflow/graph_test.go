package dataflow

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/protobuf/proto"
)

// graph writes a pipeline down for people: its steps by name, each with what it is, reads, gives and keeps.
type graph struct {
	t     *testing.T
	parts *pipeline_v1.Components
	from  map[string]string // PCollection to the step that makes it
	text  strings.Builder
}

// numbered is a name that Beam makes of the number of an edge, as for the parts of a Reshuffle.
var numbered = regexp.MustCompile(`(^|/)e[0-9]+(_|$)`)

func describe(t *testing.T, p *pipeline_v1.Pipeline) string {
	g := graph{t: t, parts: p.GetComponents(), from: map[string]string{}}
	steps := map[string]*pipeline_v1.PTransform{}
	for _, step := range g.parts.GetTransforms() {
		if len(step.GetSubtransforms()) > 0 {
			continue
		}
		if steps[step.GetUniqueName()] != nil {
			t.Errorf("two steps are named %s", step.GetUniqueName())
		}
		if numbered.MatchString(step.GetUniqueName()) {
			t.Errorf("the name of %s depends on how many steps come before it, and an update of the job with it", step.GetUniqueName())
		}
		steps[step.GetUniqueName()] = step
		for tag, collection := range step.GetOutputs() {
			g.from[collection] = step.GetUniqueName()
			if len(step.GetOutputs()) > 1 {
				g.from[collection] += " " + tag
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		g.step(steps[name])
	}
	requirements := slices.Clone(p.GetRequirements())
	slices.Sort(requirements)
	g.line(0, "requirements: %s", strings.Join(requirements, " "))
	return g.text.String()
}

func (g *graph) line(indent int, format string, args ...any) {
	g.text.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&g.text, format, args...)
	g.text.WriteByte('\n')
}

func (g *graph) step(step *pipeline_v1.PTransform) {
	g.line(0, "%s", step.GetUniqueName())
	g.line(1, "%s", step.GetSpec().GetUrn())
	switch step.GetSpec().GetUrn() {
	case "beam:transform:pubsub_read:v1":
		var read pipeline_v1.PubSubReadPayload
		g.decode(step, &read)
		g.line(1, "reads %v", compact(&read))
	case "beam:transform:pardo:v1":
		var do pipeline_v1.ParDoPayload
		g.decode(step, &do)
		g.keeps(&do)
	}
	for _, tag := range slices.Sorted(maps.Keys(step.GetInputs())) {
		g.line(1, "from %s", g.from[step.GetInputs()[tag]])
	}
	for _, tag := range slices.Sorted(maps.Keys(step.GetOutputs())) {
		c := g.parts.GetPcollections()[step.GetOutputs()[tag]]
		strategy := g.parts.GetWindowingStrategies()[c.GetWindowingStrategyId()]
		g.line(1, "gives %s: %s, %s, %s", tag, strings.ToLower(c.GetIsBounded().String()), g.coder(c.GetCoderId()), strategy.GetWindowFn().GetUrn())
	}
}

// keeps describes state and timers.
func (g *graph) keeps(do *pipeline_v1.ParDoPayload) {
	for _, name := range slices.Sorted(maps.Keys(do.GetStateSpecs())) {
		switch s := do.GetStateSpecs()[name]; spec := s.GetSpec().(type) {
		case *pipeline_v1.StateSpec_ReadModifyWriteSpec:
			g.line(1, "keeps value %q: %s", name, g.coder(spec.ReadModifyWriteSpec.GetCoderId()))
		case *pipeline_v1.StateSpec_BagSpec:
			g.line(1, "keeps bag %q: %s", name, g.coder(spec.BagSpec.GetElementCoderId()))
		default:
			g.t.Errorf("state %q is %T", name, spec)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(do.GetTimerFamilySpecs())) {
		timer := do.GetTimerFamilySpecs()[name]
		g.line(1, "timer %q: %v, %s", name, timer.GetTimeDomain(), g.coder(timer.GetTimerFamilyCoderId()))
	}
	for _, name := range slices.Sorted(maps.Keys(do.GetSideInputs())) {
		g.line(1, "side input %q", name)
	}
	if do.GetRequestsFinalization() || do.GetRestrictionCoderId() != "" {
		g.line(1, "finalization %v, restrictions %q", do.GetRequestsFinalization(), g.coder(do.GetRestrictionCoderId()))
	}
}

// coder is a coder with its components, in short.
func (g *graph) coder(id string) string {
	c := g.parts.GetCoders()[id]
	name := strings.TrimSuffix(strings.TrimPrefix(c.GetSpec().GetUrn(), "beam:coder:"), ":v1")
	if len(c.GetComponentCoderIds()) == 0 {
		return name
	}
	var parts []string
	for _, part := range c.GetComponentCoderIds() {
		parts = append(parts, g.coder(part))
	}
	return name + "<" + strings.Join(parts, ", ") + ">"
}

func (g *graph) decode(step *pipeline_v1.PTransform, m proto.Message) {
	if err := proto.Unmarshal(step.GetSpec().GetPayload(), m); err != nil {
		g.t.Fatalf("read the payload of %s: %v", step.GetUniqueName(), err)
	}
}

// compact is the text of a message without the blanks that protobuf varies on purpose.
func compact(m proto.Message) string { return strings.Join(strings.Fields(fmt.Sprint(m)), " ") }
