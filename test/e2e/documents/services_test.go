package documents

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// oneShot are the services that end by themselves.
var oneShot = []string{"setup"}

// pinned is an image of an exact version.
var pinned = regexp.MustCompile(`^[a-z0-9.\-/]+:v?\d+\.\d+\.\d+(-[a-z]+)?(@sha256:[0-9a-f]{64})?$`)

// TestRulesOfServices holds each service against what all of them must be.
func TestRulesOfServices(t *testing.T) {
	p := loadStack(t)
	published := map[string]string{}
	for name, s := range p.Services {
		bad := func(format string, args ...any) { t.Helper(); t.Errorf(name+": "+format, args...) }
		if s.Build == nil && !pinned.MatchString(s.Image) {
			bad("the image %s is not pinned to a version", s.Image)
		}
		if s.Build != nil && !strings.HasSuffix(s.Image, ":local") {
			bad("the image %s is built here, and could be mistaken for one from elsewhere", s.Image)
		}
		for _, p := range s.Ports {
			if !net.ParseIP(p.HostIP).IsLoopback() {
				bad("port %d is published at %q, to other machines", p.Target, p.HostIP)
			}
			if other := published[p.Published]; other != "" {
				bad("port %s is also %s's", p.Published, other)
			}
			published[p.Published] = name
		}
		// Our image has nothing to run a check with; Prometheus and the tests ask the pipeline over
		// HTTP.
		if ours := s.Build != nil; ours != (s.Health == nil) {
			bad("its health check is %v", s.Health)
		}
		if want := "unless-stopped"; !slices.Contains(oneShot, name) && s.Restart != want {
			bad("it restarts %q, want %q", s.Restart, want)
		}
		if limits := s.Deploy.Resources.Limits; limits.CPUs == "" || limits.Memory == "" {
			bad("its resources have no limit")
		}
		if !slices.Contains(s.Security, "no-new-privileges:true") {
			bad("it may gain privileges")
		}
		if s.Build != nil && (!s.ReadOnly || !slices.Contains(s.CapDrop, "ALL")) {
			bad("it is ours, and its file system or its capabilities are open")
		}
		for other, d := range s.DependsOn {
			ends := d.Condition == "service_completed_successfully"
			if ends != slices.Contains(oneShot, other) || d.Condition == "service_healthy" && p.Services[other].Health == nil {
				bad("it waits for %s by %s", other, d.Condition)
			}
		}
		for _, m := range s.Volumes {
			if entries, err := os.ReadDir(m.Source); m.Type == "bind" && (!m.ReadOnly || err != nil || len(entries) == 0) {
				bad("it mounts %s, of %d files, read-only %v: %v", m.Source, len(entries), m.ReadOnly, err)
			}
		}
	}
	if grace := time.Duration(p.Services["pipeline"].StopGrace); grace < 30*time.Second {
		t.Errorf("the pipeline has %v to drain, want 30s", grace)
	}
}

// TestServicesRunTheImage: the services that are built run the same image, which gives their
// volumes to its user.
func TestServicesRunTheImage(t *testing.T) {
	stage := dockerStages(t)["streamlytics"]
	ours := 0
	for name, s := range loadStack(t).Services {
		if s.Build == nil {
			continue
		}
		ours++
		if s.Build.Target != "streamlytics" || s.Image != "streamlytics:local" {
			t.Errorf("%s: the target %s is built as %s", name, s.Build.Target, s.Image)
		}
		for _, m := range s.Volumes {
			if !strings.Contains(stage, "\nWORKDIR "+m.Target+"\n") {
				t.Errorf("%s: the volume is at %s, which the image does not give to its user", name, m.Target)
			}
		}
	}
	if ours != 3 {
		t.Errorf("%d services are built, want 3", ours)
	}
}

// health returns the command of a service's health check, if it has one.
func health(s service) []string {
	if s.Health == nil || s.Health.Test[0] != "CMD" {
		return nil
	}
	return s.Health.Test[1:]
}

// TestPrometheusFindsThePipeline: the target of its configuration is a service and the port that it serves metrics at.
func TestPrometheusFindsThePipeline(t *testing.T) {
	p := loadStack(t)
	target := regexp.MustCompile(`targets: \[(\S+):(\d+)\]`).FindStringSubmatch(read(t, "deploy/monitoring/prometheus/prometheus.yml"))
	if target == nil {
		t.Fatal("prometheus asks nobody")
	}
	if s, ok := p.Services[target[1]]; !ok || !slices.Contains(s.Command, "--metrics_addr=:"+target[2]) {
		t.Errorf("prometheus asks %s:%s, where nobody answers", target[1], target[2])
	}
}
