package stack

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// root is the project's folder.
const root = "../../.."

// project is docker-compose.yml as Compose understands it, as far as the tests look at it.
type project struct {
	Services map[string]service         `json:"services"`
	Volumes  map[string]json.RawMessage `json:"volumes"`
}

type service struct {
	Image string `json:"image"`
	Build *struct {
		Context    string `json:"context"`
		Dockerfile string `json:"dockerfile"`
		Target     string `json:"target"`
	} `json:"build"`
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
	Ports       []port            `json:"ports"`
	Volumes     []mount           `json:"volumes"`
	DependsOn   map[string]struct {
		Condition string `json:"condition"`
	} `json:"depends_on"`
	Health *struct {
		Test []string `json:"test"`
	} `json:"healthcheck"`
	Restart   string   `json:"restart"`
	StopGrace duration `json:"stop_grace_period"`
	Deploy    struct {
		Resources struct {
			Limits struct {
				CPUs   float64 `json:"cpus"`
				Memory string  `json:"memory"`
			} `json:"limits"`
		} `json:"resources"`
	} `json:"deploy"`
	ReadOnly bool     `json:"read_only"`
	CapDrop  []string `json:"cap_drop"`
	Security []string `json:"security_opt"`
}

type port struct {
	HostIP    string `json:"host_ip"`
	Target    int    `json:"target"`
	Published string `json:"published"`
}

type mount struct {
	Type     string `json:"type"`
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"read_only"`
}

// duration is written as Go writes it.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// load reads a compose file as Compose does. The error is what Compose would say.
func load(t *testing.T, path string) (p project, err error) {
	t.Helper()
	path, err = filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-C", filepath.Join(root, "tools/composecheck"), ".", path)
	cmd.Stderr = t.Output()
	text, err := cmd.Output()
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p, nil
}

func loadStack(t *testing.T) project {
	t.Helper()
	p, err := load(t, filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatalf("Compose would not take docker-compose.yml: %v", err)
	}
	return p
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
