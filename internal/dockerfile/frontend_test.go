package dockerfile

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

const root = "../.."

// bases plays the registry: of the images that the Dockerfile builds on, the frontend asks for their configuration alone.
type bases struct{ asked []string }

func (b *bases) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	b.asked = append(b.asked, ref)
	config, err := json.Marshal(ocispecs.Image{
		Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"},
		Config:   ocispecs.ImageConfig{Env: []string{"PATH=/usr/local/go/bin:/usr/bin:/bin"}},
	})
	return ref, digest.FromBytes(config), config, err
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(root + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// amd64 is what the Dockerfile is read for, as launch_dataflow.sh has it built.
func options(target string, registry *bases) dockerfile2llb.ConvertOpt {
	amd64 := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	return dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{Target: target, BuildArgs: map[string]string{"VERSION": "1.4.0", "REVISION": "abc"}, BuildPlatforms: []ocispecs.Platform{amd64}},
		TargetPlatform: &amd64,
		MetaResolver:   registry,
		SourceMap:      &llb.SourceMap{Filename: "Dockerfile", Definition: &llb.Definition{}},
	}
}

// convert reads the Dockerfile as a build of the target does.
func convert(t *testing.T, target string) (*dockerfile2llb.Result, *bases) {
	t.Helper()
	registry := &bases{}
	result, err := dockerfile2llb.Dockerfile2LLB(t.Context(), content(t, "Dockerfile"), options(target, registry))
	if err != nil {
		t.Fatalf("target %q: %v", target, err)
	}
	return result, registry
}

// command is a RUN line as it is executed.
type command struct {
	line string
	env  []string
	dir  string
}

func commands(t *testing.T, state llb.State) (found []command) {
	t.Helper()
	definition, err := state.Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range definition.Def {
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			t.Fatal(err)
		}
		if e := op.GetExec(); e != nil {
			if len(e.Meta.Args) != 3 || e.Meta.Args[1] != "-c" {
				t.Fatalf("not a line for the shell: %q", e.Meta.Args)
			}
			found = append(found, command{line: e.Meta.Args[2], env: e.Meta.Env, dir: e.Meta.Cwd})
		}
	}
	return found
}

func TestBuildKitFindsNothingWrong(t *testing.T) {
	results, err := dockerfile2llb.DockerfileLint(t.Context(), content(t, "Dockerfile"), options("", &bases{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range results.Warnings {
		t.Errorf("line %d: %s: %s", w.Location.Ranges[0].Start.Line, w.RuleName, w.Detail)
	}
	if results.Error != nil {
		t.Error(results.Error.Message)
	}
}

func TestTargetsAreWhatOthersBuild(t *testing.T) {
	targets, err := dockerfile2llb.ListTargets(t.Context(), content(t, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, target := range targets.Targets {
		names = append(names, target.Name)
		if target.Default != (target.Name == "template") {
			t.Errorf("%s is the default: %v", target.Name, target.Default)
		}
	}
	for _, want := range []string{"build", "pipeline", "tools", "template"} {
		if !slices.Contains(names, want) {
			t.Errorf("no target %s among %v", want, names)
		}
	}
}

func TestImagesSayWhatTheyAreAndWhoRunsThem(t *testing.T) {
	for _, x := range []struct {
		target, user string
		entrypoint   []string
	}{
		{"pipeline", "nonroot:nonroot", []string{"/streamlytics"}},
		{"tools", "nonroot:nonroot", nil},
		{"template", "", []string{"/opt/google/dataflow/go_template_launcher"}},
	} {
		result, _ := convert(t, x.target)
		config := result.Image.Config
		if config.User != x.user || !slices.Equal(config.Entrypoint, x.entrypoint) {
			t.Errorf("%s: user %q, entrypoint %q", x.target, config.User, config.Entrypoint)
		}
		for label, want := range map[string]string{"title": "", "description": "", "source": "", "licenses": "Apache-2.0", "version": "1.4.0", "revision": "abc"} {
			if got := config.Labels["org.opencontainers.image."+label]; got == "" || want != "" && got != want {
				t.Errorf("%s: label %s is %q, not %q", x.target, label, got, want)
			}
		}
		for _, e := range config.Env {
			name, _, _ := strings.Cut(e, "=")
			if name != "PATH" && name != "FLEX_TEMPLATE_GO_BINARY" {
				t.Errorf("%s: environment variable %s", x.target, name)
			}
		}
	}
	template, _ := convert(t, "template")
	if !slices.Contains(template.Image.Config.Env, "FLEX_TEMPLATE_GO_BINARY=/opt/streamlytics/streamlytics") {
		t.Errorf("the launcher is not told what to run: %q", template.Image.Config.Env)
	}
}

func TestBasesArePinned(t *testing.T) {
	for _, target := range []string{"pipeline", "tools", "template"} {
		_, registry := convert(t, target)
		for _, ref := range registry.asked {
			launcher := strings.HasPrefix(ref, "gcr.io/dataflow-templates-base/go-template-launcher-base:")
			toolchain := regexp.MustCompile(`^(docker\.io/library/)?golang:1\.\d+\.\d+-`).MatchString(ref)
			if !launcher && !toolchain && !strings.Contains(ref, "@sha256:") {
				t.Errorf("%s builds on %s, without a digest or a full version", target, ref)
			}
		}
	}
	// A launcher that is named is the one that is built on, and that the image names.
	const launcher = "gcr.io/dataflow-templates-base/go-template-launcher-base@sha256:1111111111111111111111111111111111111111111111111111111111111111"
	registry := &bases{}
	o := options("template", registry)
	o.BuildArgs["LAUNCHER_IMAGE"] = launcher
	result, err := dockerfile2llb.Dockerfile2LLB(t.Context(), content(t, "Dockerfile"), o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(registry.asked, launcher) || result.Image.Config.Labels["org.opencontainers.image.base.name"] != launcher {
		t.Errorf("asked for %q; the image names %q", registry.asked, result.Image.Config.Labels["org.opencontainers.image.base.name"])
	}
}

func TestGoIsTheOneOfTheModule(t *testing.T) {
	_, registry := convert(t, "build")
	var version string
	for line := range strings.Lines(string(content(t, "go.mod"))) {
		if v, ok := strings.CutPrefix(line, "toolchain go"); ok {
			version = strings.TrimSpace(v)
		}
	}
	if len(registry.asked) != 1 || !strings.HasPrefix(registry.asked[0], "docker.io/library/golang:"+version+"-") {
		t.Errorf("go.mod says %q, and the build is on %q", version, registry.asked)
	}
}
