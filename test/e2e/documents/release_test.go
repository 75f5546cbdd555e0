package documents

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReleaseBuildsAsTheImage: the program of a release is that of the Dockerfile, which TestImageBuilds builds, and the files
// of its archives are there.
func TestReleaseBuildsAsTheImage(t *testing.T) {
	build := regexp.MustCompile(`(?m)^RUN .* go build (\S+) (\S+) -ldflags="(.*)\$VERSION" -o \S+ (\S+)$`).
		FindStringSubmatch(read(t, "Dockerfile"))
	if build == nil {
		t.Fatal("the Dockerfile builds nothing")
	}
	release := read(t, ".goreleaser.yaml")
	for _, want := range []string{
		"main: " + build[4], "env: [CGO_ENABLED=0]", "flags: [" + build[1] + ", " + build[2] + "]",
		`ldflags: ["` + build[3] + `{{ .Version }}"]`, "goos: [linux, darwin]", "goarch: [amd64, arm64]",
	} {
		if !strings.Contains(release, want+"\n") {
			t.Errorf(".goreleaser.yaml lacks %s", want)
		}
	}
	files := regexp.MustCompile(`(?m)(?:^  - files|extra_files): \[(.*)\]$`).FindAllStringSubmatch(release, -1)
	if len(files) != 2 {
		t.Errorf("there are the lists of files %q, want that of archives and that of the image", files)
	}
	for _, list := range files {
		for name := range strings.SplitSeq(list[1], ", ") {
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("a release needs a file that is not there: %v", err)
			}
		}
	}
	if !strings.Contains(release, "BINARIES: released\n") || dockerStages(t)["released"] == "" {
		t.Error("the image of a release does not take the program of the release")
	}
}

// TestReleaseNotes runs the step of release.yml that takes the notes out of CHANGELOG.md.
func TestReleaseNotes(t *testing.T) {
	step := regexp.MustCompile(`(?m)^      - name: Take the notes from CHANGELOG.md\n        run: \|\n((?:          .*\n)+)`).
		FindStringSubmatch(workflows(t)["release.yml"])
	if step == nil {
		t.Fatal("release.yml has no such step")
	}
	dir := t.TempDir()
	changes := "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n## [1.10.0] - 2026-12-24\n\n### Added\n\n- This.\n\n## [1.1.0] - 2026-12-01\n\n- Before.\n"
	if err := os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(changes), 0o600); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"v1.10.0": "\n### Added\n\n- This.\n\n", "v1.1.0": "\n- Before.\n"} {
		out, err := sh(t, dir, step[1], map[string]string{"GITHUB_REF_NAME": tag, "RUNNER_TEMP": dir})
		notes, unread := os.ReadFile(filepath.Join(dir, "notes.md"))
		if err != nil || unread != nil || string(notes) != want {
			t.Errorf("the notes of %s are %q: %v, %v\n%s", tag, notes, err, unread, out)
		}
	}
	out, err := sh(t, dir, step[1], map[string]string{"GITHUB_REF_NAME": "v1.2.0", "RUNNER_TEMP": dir})
	if err == nil || !strings.Contains(out, `no changes below "## [1.2.0]"`) {
		t.Errorf("a tag without notes: %v\n%s", err, out)
	}
}
