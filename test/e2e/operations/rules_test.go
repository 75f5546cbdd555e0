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

// TestEveryAlertHasItsPage holds rules, policies and runbook together: whoever is woken up finds a section, and no section is for
// an alert that nobody raises.
func TestEveryAlertHasItsPage(t *testing.T) {
	wanted := map[string]bool{}
	for name, text := range alertRules(t) {
		wanted[anchorOf(name)] = true
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
		if link := "(" + runbook + "#" + anchor + ")"; !strings.Contains(p.GetDocumentation().GetContent(), link) {
			t.Errorf("%s does not lead to %s", name, link)
		}
		if p.GetUserLabels()["alert"] != anchor {
			t.Errorf("%s has the label alert=%s", name, p.GetUserLabels()["alert"])
		}
	}
	pages := map[string]string{}
	for _, part := range strings.Split(read(t, "docs/RUNBOOK.md"), "\n## ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		pages[strings.ReplaceAll(strings.ToLower(title), " ", "-")] = text
	}
	for anchor := range wanted {
		text, ok := pages[anchor]
		if !ok {
			t.Errorf("docs/RUNBOOK.md has no section #%s", anchor)
		}
		for _, part := range []string{"**What it means.**", "**Look.**", "**Do.**", "**Harmless when**"} {
			if !strings.Contains(text, part) {
				t.Errorf("the section #%s has no %s", anchor, part)
			}
		}
	}
	for anchor := range pages {
		if !wanted[anchor] {
			t.Errorf("docs/RUNBOOK.md has a section #%s, which no alert leads to", anchor)
		}
	}
}
