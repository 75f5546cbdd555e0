package documents

import (
	"bytes"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxBinary bounds the bytes of the program, which is most of the image, and which workers fetch
// when they start.
const maxBinary = 120 << 20

// dockerStages returns the lines below each FROM of the Dockerfile, by the name of the stage.
func dockerStages(t *testing.T) map[string]string {
	t.Helper()
	stages := map[string]string{}
	for _, stage := range strings.Split(read(t, "Dockerfile"), "\nFROM ")[1:] {
		head, body, _ := strings.Cut(stage, "\n")
		if words := strings.Fields(head); len(words) > 1 && words[len(words)-2] == "AS" {
			stages[words[len(words)-1]] = "\n" + body
		}
	}
	return stages
}

// TestImages: each image has its user and entry point, that of the program has nothing but the
// program and the licences, and is the last, which is the default.
func TestImages(t *testing.T) {
	stages := dockerStages(t)
	for name, lines := range map[string][]string{
		"streamlytics": {"USER 65532:65532", `ENTRYPOINT ["/streamlytics"]`},
		"template": {
			"COPY --from=binaries /out/linux/amd64/streamlytics /opt/streamlytics/streamlytics",
			"ENV FLEX_TEMPLATE_GO_BINARY=/opt/streamlytics/streamlytics",
			`ENTRYPOINT ["/opt/google/dataflow/go_template_launcher"]`,
		},
	} {
		for _, line := range lines {
			if !strings.Contains(stages[name], "\n"+line+"\n") {
				t.Errorf("%s lacks %s", name, line)
			}
		}
	}
	copies := regexp.MustCompile(`(?m)^(?:COPY|ADD|RUN) .*$`).FindAllString(stages["streamlytics"], -1)
	want := []string{
		"COPY LICENSE NOTICE /licenses/",
		"COPY --from=binaries /out/$TARGETPLATFORM/streamlytics /streamlytics",
	}
	if !slices.Equal(copies, want) {
		t.Errorf("the image is made by %q, want %q", copies, want)
	}
	if file := read(t, "Dockerfile"); !strings.HasSuffix(file, stages["streamlytics"]) {
		t.Error("streamlytics is not the last stage, which is the default")
	}
}

// TestBasesArePinned: an image is built on nothing, a digest, a full version of the toolchain, or
// on the launcher, whose digest launch_dataflow.sh passes.
func TestBasesArePinned(t *testing.T) {
	file := read(t, "Dockerfile")
	for _, from := range regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+) AS`).FindAllStringSubmatch(file, -1) {
		if from[1] != "scratch" && !strings.HasPrefix(from[1], "${") {
			t.Errorf("FROM %s is no ARG of the Dockerfile", from[1])
		}
	}
	bases := regexp.MustCompile(`(?m)^ARG (\w+)_IMAGE=(\S+)$`).FindAllStringSubmatch(file, -1)
	if len(bases) != 3 {
		t.Errorf("there are the bases %q, want 3", bases)
	}
	pinned := regexp.MustCompile(`@sha256:[0-9a-f]{64}$|^golang:1\.\d+\.\d+-\w+$|` +
		`^gcr\.io/dataflow-templates-base/go-template-launcher-base:`)
	for _, base := range bases {
		if !pinned.MatchString(base[2]) {
			t.Errorf("%s_IMAGE=%s has no digest", base[1], base[2])
		}
	}
}

// ignored reports whether .dockerignore keeps a file out of the build. It takes the forms of pattern
// that are in the file: *, !path or !folder/*.ext, and **/name.
func ignored(patterns []string, name string) (out bool) {
	for _, p := range patterns {
		p, keep := strings.CutPrefix(p, "!")
		if anywhere, ok := strings.CutPrefix(p, "**/"); ok {
			for part := range strings.SplitSeq(name, "/") {
				if ok, _ := path.Match(anywhere, part); ok {
					out = !keep
				}
			}
			continue
		}
		for at := name; at != "."; at = path.Dir(at) {
			if ok, _ := path.Match(p, at); ok {
				out = !keep
			}
		}
	}
	return out
}

// buildContext copies the files that a build gets.
func buildContext(t *testing.T) string {
	t.Helper()
	var patterns []string
	for line := range strings.Lines(read(t, ".dockerignore")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			patterns = append(patterns, line)
		}
	}
	dir := t.TempDir()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name == ".git" && d.IsDir() {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || ignored(patterns, name) {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestImageBuilds runs the build commands of the Dockerfile twice, each time on the files that a
// build gets, in another folder. The programs are the same, run on workers, and have the version
// that the build is given.
func TestImageBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the program twice")
	}
	stage := dockerStages(t)["build"]
	for _, line := range []string{"ENV CGO_ENABLED=0 OUT=/out", "ARG TARGETOS", "ARG TARGETARCH", "WORKDIR /src"} {
		if !strings.Contains(stage, "\n"+line+"\n") {
			t.Errorf("the stage build lacks %q", line)
		}
	}
	lines := regexp.MustCompile(`(?m)^RUN (.*)$`).FindAllStringSubmatch(stage, -1)
	if len(lines) != 2 {
		t.Errorf("there are %d commands: %q", len(lines), lines)
	}
	var programs [2]string
	var contents [2][]byte
	for i := range programs {
		dir, out := buildContext(t), t.TempDir()
		for _, name := range []string{"README.md", "Dockerfile", "launch_dataflow.sh", "pipeline/files_test.go"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				t.Errorf("the build gets %s", name)
			}
		}
		for _, line := range lines {
			cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", line[1])
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "OUT="+out, "TARGETOS=linux", "TARGETARCH=amd64", "VERSION=1.4.0")
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line[1], err, text)
			}
		}
		programs[i] = filepath.Join(out, "linux", "amd64", "streamlytics")
		static(t, programs[i], dir)
		var err error
		if contents[i], err = os.ReadFile(programs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(contents[0], contents[1]) {
		t.Error("two builds make different programs")
	}
	if n := len(contents[0]); n > maxBinary {
		t.Errorf("the program has %d bytes, more than %d", n, maxBinary)
	} else {
		t.Logf("the program has %.1f MB", float64(n)/1e6)
	}
	if got := bare(t, programs[0], "--version"); got != "streamlytics 1.4.0\n" {
		t.Errorf("--version prints %q", got)
	}
	if got := bare(t, programs[0], "--help"); !strings.Contains(got, "-redis_addrs") {
		t.Errorf("--help prints %q", got)
	}
}

// static checks that a program is for Linux on amd64, needs no library, and has neither symbols nor
// the name of the folder with its source.
func static(t *testing.T, program, source string) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Errorf("%s: %v", program, err)
		return
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64 {
		t.Errorf("%s is for %v", program, f.Machine)
	}
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool {
		return p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC
	}) {
		t.Errorf("%s is not static", program)
	}
	if f.Section(".symtab") != nil {
		t.Errorf("%s has its symbols", program)
	}
	if text, err := os.ReadFile(program); err != nil || bytes.Contains(text, []byte(source)) {
		t.Errorf("%s names the folder that it was built in, %v", program, err)
	}
}

// bare runs a program in an empty folder without environment, as a container with nothing else does.
func bare(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = t.TempDir(), []string{}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, output)
	}
	return string(output)
}
