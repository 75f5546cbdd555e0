package operations

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/beamlytics/streamlytics/test/rig"
)

// exposed is what one scrape found, by name.
type exposed map[string]*dto.MetricFamily

// scrape asks the program for its metrics.
func scrape(t *testing.T, url string) exposed {
	t.Helper()
	status, body, err := rig.Get(url + "/metrics")
	if err != nil || status != http.StatusOK {
		t.Fatalf("scrape: %d %v\n%s", status, err, body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("what the program exposes cannot be read: %v\n%s", err, body)
	}
	return families
}

// value is the sum over the series of a metric that have the given labels, each "name=value"; of a histogram, how many it counted.
func (e exposed) value(t *testing.T, name string, labels ...string) (sum float64) {
	t.Helper()
	family := e[name]
	if family == nil {
		t.Fatalf("%s is not exposed", name)
	}
	found := false
	for _, m := range family.GetMetric() {
		if !has(m, labels) {
			continue
		}
		found = true
		switch {
		case m.Counter != nil:
			sum += m.Counter.GetValue()
		case m.Gauge != nil:
			sum += m.Gauge.GetValue()
		case m.Histogram != nil:
			sum += float64(m.Histogram.GetSampleCount())
		default:
			t.Fatalf("%s is of type %v", name, family.GetType())
		}
	}
	if !found {
		t.Fatalf("%s has no series with %v", name, labels)
	}
	return sum
}

func has(m *dto.Metric, labels []string) bool {
	set := map[string]bool{}
	for _, l := range m.GetLabel() {
		set[fmt.Sprintf("%s=%s", l.GetName(), l.GetValue())] = true
	}
	for _, l := range labels {
		if !set[l] {
			return false
		}
	}
	return true
}

// names are the names of all series, with the suffixes that a histogram's or a summary's have.
func (e exposed) names() map[string]bool {
	names := map[string]bool{}
	for name, family := range e {
		names[name] = true
		switch family.GetType() {
		case dto.MetricType_HISTOGRAM:
			names[name+"_bucket"], names[name+"_sum"], names[name+"_count"] = true, true, true
		case dto.MetricType_SUMMARY:
			names[name+"_sum"], names[name+"_count"] = true, true
		}
	}
	return names
}
