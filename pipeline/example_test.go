package pipeline

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExampleFile checks that streamlytics.example.yaml is valid as it stands, and that every line
// that is commented out is an option with a value of the right type.
func TestExampleFile(t *testing.T) {
	defer restoreBeamFlags(t)()
	dir := t.TempDir()
	text := strings.ReplaceAll(document(t, "streamlytics.example.yaml"), "/var/lib/streamlytics", dir)
	file := filepath.Join(dir, "streamlytics.yaml")
	write(t, file, text)
	if problem := problems(t, "--config="+file); problem != "" {
		t.Error(problem)
	}
	commented := regexp.MustCompile(`(?m)^# ([a-z_]+: .*)$`)
	n := len(commented.FindAllString(text, -1))
	if err := os.WriteFile(file, []byte(commented.ReplaceAllString(text, "$1")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseFlags([]string{"--config=" + file}); err != nil || n < 10 {
		t.Errorf("%d lines are commented out: %v", n, err)
	}
}
