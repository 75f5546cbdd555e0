package documents

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// root is the project's folder.
const root = "../../.."

// project is the part of docker-compose.yml that the tests read, as Compose's loader returns it.
type project struct {
	Services map[string]service `json:"services"`
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
				CPUs   string `json:"cpus"`
				Memory string `json:"memory"`
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

// duration is a duration as Go formats it.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// load returns the JSON of a compose file in a folder, as Compose's own loader reads it. The error is
// the loader's.
func load(dir, name string) ([]byte, error) {
	cmd := exec.Command("go", "run", "github.com/compose-spec/compose-go/v2/cmd@v2.16.2", "-format=json", name)
	cmd.Dir = dir
	text, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	return text, err
}

var stackJSON = sync.OnceValues(func() ([]byte, error) { return load(root, "docker-compose.yml") })

func loadStack(t *testing.T) (p project) {
	t.Helper()
	text, err := stackJSON()
	if err != nil {
		t.Fatalf("Compose does not take docker-compose.yml: %v", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
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
