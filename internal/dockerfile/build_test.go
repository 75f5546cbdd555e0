package dockerfile

import (
	"bytes"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// maxBinary is the largest that the pipeline's binary may be: workers fetch it whenever they start.
const maxBinary = 120 << 20

// buildContext copies what a build is sent: the repository without what .dockerignore leaves out.
func buildContext(t *testing.T) string {
	t.Helper()
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content(t, ".dockerignore")))
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() && name == ".git" {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		ignored, err := matcher.MatchesOrParentMatches(filepath.ToSlash(name))
		if err != nil || ignored {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run executes a RUN line on the build context. What a container would have of its own, this machine has: Go, and its caches.
func (c command) run(t *testing.T, dir, out string) {
	t.Helper()
	if c.dir != "/src" {
		t.Fatalf("%s: runs in %s", c.line, c.dir)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", c.line)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	for _, e := range c.env {
		switch name, _, _ := strings.Cut(e, "="); name {
		case "PATH":
		case "OUT":
			cmd.Env = append(cmd.Env, "OUT="+out)
		default:
			cmd.Env = append(cmd.Env, e)
		}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", c.line, err, output)
	}
}

// TestTheBuildMakesWhatWorkersCanRun runs the very commands of the Dockerfile on the very files that it is given.
func TestTheBuildMakesWhatWorkersCanRun(t *testing.T) {
	dir, out := buildContext(t), t.TempDir()
	for _, name := range []string{"README.md", "Dockerfile", "launch_dataflow.sh", "pipeline/flags_test.go"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("the build is sent %s", name)
		}
	}
	result, _ := convert(t, "build-tools")
	var lines []string
	for _, c := range commands(t, result.State) {
		lines = append(lines, c.line)
		c.run(t, dir, out)
	}
	if len(lines) != 3 {
		t.Errorf("%d commands: %q", len(lines), lines)
	}

	binary := filepath.Join(out, "streamlytics")
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBinary {
		t.Errorf("%d bytes, more than %d", info.Size(), maxBinary)
	}
	static(t, binary)
	if got := bare(t, binary, "--version"); got != "streamlytics 1.4.0\n" {
		t.Errorf("--version says %q", got)
	}
	if got := bare(t, binary, "--help"); !strings.Contains(got, "-redis_addrs") {
		t.Errorf("--help says %q", got)
	}

	commands, err := os.ReadDir(filepath.Join(root, "cmd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		static(t, filepath.Join(out, "tools", c.Name()))
	}
	one, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(out, "tools", "streamlytics"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Error("the pipeline of the tools is another than the pipeline's: the build cannot be repeated")
	}
}

// static checks that a program is for Linux on amd64, needs no library and has no symbols, and that no path of the machine that built
// it is in it.
func static(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64 {
		t.Errorf("%s is for %v", path, f.Machine)
	}
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC }) {
		t.Errorf("%s is not static", path)
	}
	if f.Section(".symtab") != nil {
		t.Errorf("%s has its symbols", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	} else if dir := filepath.Dir(filepath.Dir(path)); bytes.Contains(b, []byte(dir)) {
		t.Errorf("%s names %s", path, dir)
	}
}

// bare runs a program as a container without anything does: in an empty folder, without environment.
func bare(t *testing.T, path string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", path, args, err, output)
	}
	return string(output)
}
