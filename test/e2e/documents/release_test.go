package documents

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReleaseBuildsAsTheImage: the program of a release is that of the Dockerfile, which
// TestImageBuilds builds, and the files of its archives are there.
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

// TestInstallable: go install ...@version refuses a module that replaces others.
func TestInstallable(t *testing.T) {
	if line := regexp.MustCompile(`(?m)^(?:replace|exclude)\b.*$`).FindString(read(t, "go.mod")); line != "" {
		t.Errorf("go.mod has the line %q", line)
	}
}

// TestReleaseNotes runs the step of release.yml that takes the notes out of CHANGELOG.md. It fails
// for a tag without notes, and for one that the files for Kubernetes do not name.
func TestReleaseNotes(t *testing.T) {
	const name = `(?m)^      - name: Take the notes from CHANGELOG.md\n        run: \|\n((?:          .*\n)+)`
	step := regexp.MustCompile(name).FindStringSubmatch(workflows(t)["release.yml"])
	if step == nil {
		t.Fatal("release.yml has no such step")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n"+
		"## [1.10.0] - 2026-12-24\n\n### Added\n\n- This.\n\n## [1.1.0] - 2026-12-01\n\n- Before.\n")
	for _, c := range []struct{ tag, image, notes, problem string }{
		{"v1.10.0", "1.10.0", "\n### Added\n\n- This.\n\n", ""},
		{"v1.1.0", "1.1.0", "\n- Before.\n", ""},
		{"v1.1.0", "1.0.0", "", "the image is not 1.1.0"},
		{"v1.2.0", "1.2.0", "", `no changes below "## [1.2.0]"`},
	} {
		write("deploy/kubernetes/streamlytics.yaml", "          image: ghcr.io/beamlytics/streamlytics:"+c.image+"\n")
		write("notes.md", "")
		out, err := sh(t, dir, step[1], map[string]string{"GITHUB_REF_NAME": c.tag, "RUNNER_TEMP": dir})
		notes, unread := os.ReadFile(filepath.Join(dir, "notes.md"))
		if (err == nil) != (c.problem == "") || !strings.Contains(out, c.problem) ||
			unread != nil || string(notes) != c.notes {
			t.Errorf("%s with the image %s: %v, %v, notes %q\n%s", c.tag, c.image, err, unread, notes, out)
		}
	}
}
