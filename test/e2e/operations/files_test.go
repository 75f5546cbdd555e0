package operations

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the project's folder.
const root = "../../.."

const runbook = "https://github.com/beamlytics/streamlytics/blob/main/docs/OPERATIONS.md"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// promtool runs Prometheus's own tool in the folder of the rules.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(root, "scripts/promtool.sh"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), script, args...)
	cmd.Dir = filepath.Join(root, "deploy/monitoring/prometheus")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// parses has Prometheus's parser read queries.
func parses(t *testing.T, queries []query) {
	t.Helper()
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for _, q := range queries {
		expr := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*").Replace(q.expr)
		rules = append(rules, rule{"x:" + regexp.MustCompile(`\W+`).ReplaceAllString(q.where, "_"), expr})
	}
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "queries.yml") // YAML contains JSON
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// query is an expression of PromQL and where it stands.
type query struct{ where, expr string }

// alertRules are the alert rules by name, each with its text.
func alertRules(t *testing.T) map[string]string {
	t.Helper()
	rules := map[string]string{}
	for _, part := range strings.Split(read(t, "deploy/monitoring/prometheus/alerts.yml"), "- alert: ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		rules[name] = text
	}
	if len(rules) == 0 {
		t.Fatal("there are no alert rules")
	}
	return rules
}

// exprOf is the expression of a rule.
func exprOf(rule string) string {
	_, rest, _ := strings.Cut(rule, "expr: ")
	end := regexp.MustCompile(`(?m)^        (for|labels):`).FindStringIndex(rest)
	if end == nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(rest[:end[0]], "|"))
}

// anchorOf returns the anchor of the section about a rule: StreamlyticsDataNotFresh has data-not-fresh.
func anchorOf(alert string) string {
	words := regexp.MustCompile(`[A-Z][a-z]+`).FindAllString(strings.TrimPrefix(alert, "Streamlytics"), -1)
	return strings.ToLower(strings.Join(words, "-"))
}
