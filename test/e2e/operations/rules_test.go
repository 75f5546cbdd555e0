package operations

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRulesAreSound(t *testing.T) {
	promtool(t, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml")
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", "alerts.yml")
}

// TestRulesFire runs alerts_test.yml, and wants each rule in it twice: where it fires and where it does not.
func TestRulesFire(t *testing.T) {
	promtool(t, "test", "rules", "alerts_test.yml")
	tests := read(t, "deploy/monitoring/prometheus/alerts_test.yml")
	for name := range alertRules(t) {
		if !strings.Contains(tests, "- alertname: "+name+"\n") {
			t.Errorf("no test sees %s fire", name)
		}
		if !strings.Contains(tests, "- {alertname: "+name+", eval_time: ") {
			t.Errorf("no test sees %s keep silent", name)
		}
	}
}

// TestEveryAlertHasItsSection compares rules and policies with docs/OPERATIONS.md: each alert links to a
// section of "Alerts" and is in the index, and each section belongs to an alert.
func TestEveryAlertHasItsSection(t *testing.T) {
	page, wanted := read(t, "docs/OPERATIONS.md"), map[string]bool{}
	for name, text := range alertRules(t) {
		wanted[anchorOf(name)] = true
		if entry := "[`" + name + "`](#" + anchorOf(name) + ")"; !strings.Contains(page, entry) {
			t.Errorf("the index of docs/OPERATIONS.md lacks %s", entry)
		}
		if link := "runbook_url: " + runbook + "#" + anchorOf(name) + "\n"; !strings.Contains(text, link) {
			t.Errorf("%s has no %s", name, link)
		}
		if !strings.Contains(text, "{severity: page}") && !strings.Contains(text, "{severity: ticket}") {
			t.Errorf("%s is neither a page nor a ticket", name)
		}
	}
	for name, p := range policies(t) {
		anchor := strings.TrimSuffix(filepath.Base(name), ".json")
		wanted[anchor] = true
		if entry := "[`" + anchor + "`](#" + anchor + ")"; !strings.Contains(page, entry) {
			t.Errorf("the index of docs/OPERATIONS.md lacks %s", entry)
		}
		if link := "(" + runbook + "#" + anchor + ")"; !strings.Contains(p.GetDocumentation().GetContent(), link) {
			t.Errorf("%s does not lead to %s", name, link)
		}
		if p.GetUserLabels()["alert"] != anchor {
			t.Errorf("%s has the label alert=%s", name, p.GetUserLabels()["alert"])
		}
	}
	_, alerts, _ := strings.Cut(page, "\n## Alerts\n")
	alerts, _, _ = strings.Cut(alerts, "\n## ")
	sections := map[string]string{}
	for _, part := range strings.Split(alerts, "\n### ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		sections[strings.ReplaceAll(strings.ToLower(title), " ", "-")] = text
	}
	for anchor := range wanted {
		text, ok := sections[anchor]
		if !ok {
			t.Errorf("docs/OPERATIONS.md has no section #%s below Alerts", anchor)
		}
		for _, part := range []string{"**Means.**", "**Look.**", "**Do.**", "**Harmless when**"} {
			if !strings.Contains(text, part) {
				t.Errorf("the section #%s has no %s", anchor, part)
			}
		}
	}
	for anchor := range sections {
		if !wanted[anchor] {
			t.Errorf("docs/OPERATIONS.md has a section #%s, which no alert links to", anchor)
		}
	}
}
