package operations

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// selector is a metric's name with its matchers, if it has any.
var selector = regexp.MustCompile(`\b((?:streamlytics|process|go)_[a-z0-9_]+)(?:\{([^}]*)\})?`)

// matcher is a label with an operator and a value.
var matcher = regexp.MustCompile(`(\w+)(=~|=|!=|!~)"([^"]*)"`)

// given are the labels that Prometheus adds, or that belong to a histogram.
var given = map[string]bool{"instance": true, "job": true, "le": true}

// watchedExists looks in a scrape for every metric and label that the dashboard and the alert rules
// name, and for each metric in the documents.
func watchedExists(t *testing.T, e exposed) {
	t.Helper()
	names := e.names()

	queries := dashboardQueries(t)
	for name, rule := range alertRules(t) {
		queries = append(queries, query{"the rule " + name, exprOf(rule)})
	}
	seen := 0
	for _, q := range queries {
		found := selector.FindAllStringSubmatch(q.expr, -1)
		seen += len(found)
		for _, m := range found {
			if !names[m[1]] {
				t.Errorf("%s asks for %s, which the program does not expose", q.where, m[1])
				continue
			}
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				if problem := e.lacks(m[1], l[1], l[3]); problem != "" && !given[l[1]] {
					t.Errorf("%s: %s", q.where, problem)
				}
			}
		}
		if len(found) == 0 && !strings.Contains(q.expr, "up{") {
			t.Errorf("%s asks for no metric of ours: %s", q.where, q.expr)
		}
		for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(q.expr, -1) {
			for label := range strings.SplitSeq(by[1], ",") {
				label = strings.TrimSpace(label)
				if !given[label] && len(found) > 0 && e.lacks(found[0][1], label, ".*") != "" {
					t.Errorf("%s groups by %s, which %s does not have", q.where, label, found[0][1])
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d metrics were looked for", seen)
	}

	table := read(t, "docs/OPERATIONS.md")
	for name := range e {
		if strings.HasPrefix(name, "streamlytics_") && !strings.Contains(table, "`"+name) {
			t.Errorf("docs/OPERATIONS.md does not list %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`(streamlytics_[a-z_]+)").FindAllStringSubmatch(table, -1) {
		if !names[m[1]] && !strings.HasPrefix(m[1], "streamlytics_api_") && m[1] != "streamlytics_x" && m[1] != "streamlytics_x_total" {
			t.Errorf("docs/OPERATIONS.md lists %s, which the program does not expose", m[1])
		}
	}
}

// lacks says what is missing if no series of a metric has a label with a value that matches a regular expression.
func (e exposed) lacks(name, label, value string) string {
	family := e[name]
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if family == nil {
			family = e[strings.TrimSuffix(name, suffix)]
		}
	}
	for alternative := range strings.SplitSeq(value, "|") {
		want := regexp.MustCompile("^(?:" + alternative + ")$")
		if !anyHas(family, label, want) {
			return fmt.Sprintf("%s has no series with %s=%q", name, label, alternative)
		}
	}
	return ""
}

func anyHas(family *dto.MetricFamily, label string, value *regexp.Regexp) bool {
	for _, m := range family.GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == label && value.MatchString(l.GetValue()) {
				return true
			}
		}
	}
	return false
}
