package documents

import (
	"regexp"
	"strings"
	"testing"
)

// TestToolchain holds everything that names a version of Go together: the modules, the image that builds, and
// what docs/SECURITY.md states about releases.
func TestToolchain(t *testing.T) {
	directives := regexp.MustCompile(`(?m)^(?:go|toolchain go)( ?[\d.]+)$`)
	module := read(t, "go.mod")
	found := directives.FindAllStringSubmatch(module, -1)
	if len(found) != 2 {
		t.Fatalf("go.mod names the versions %q, want that of the language and that of the toolchain", found)
	}
	language, toolchain := strings.TrimSpace(found[0][1]), strings.TrimSpace(found[1][1])
	for _, path := range []string{"sql/local/go.mod", "deploy/kubernetes/go.mod"} {
		for _, line := range []string{"\ngo " + language + "\n", "\ntoolchain go" + toolchain + "\n"} {
			if !strings.Contains(read(t, path), line) {
				t.Errorf("%s lacks the line %q of go.mod", path, strings.TrimSpace(line))
			}
		}
	}
	for path, want := range map[string]string{
		"Dockerfile":       "GO_IMAGE=golang:" + toolchain + "-",
		"docs/SECURITY.md": "Releases are built with Go " + toolchain,
	} {
		if !strings.Contains(read(t, path), want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
}
