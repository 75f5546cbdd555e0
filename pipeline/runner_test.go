package pipeline

import (
	"flag"
	"strings"
	"testing"
)

// TestRunnerOptions checks the messages about --runner and the flags of Beam beside it.
func TestRunnerOptions(t *testing.T) {
	for _, c := range []struct{ arg, want string }{
		{"--endpoint=localhost:8073", "--endpoint: has no use"},
		{"--environment_type=DOCKER", `--environment_type: "DOCKER" is not LOOPBACK`},
		{"--environment_type=external", `--environment_type: "external" is not LOOPBACK`},
		{"--environment_type=LOOPBACK", ""},
		{"--environment_config=localhost:50000", "--environment_config: has no use"},
		{"--async", "--async: has no use"},
		{"--runner=flink", `--runner: "flink" is not one of prism, direct and dataflow`},
		{"--runner=universal", `--runner: "universal" is not one of`},
	} {
		t.Run(c.arg, func(t *testing.T) {
			restoreBeamFlags(t)
			o, err := ParseFlags([]string{c.arg, "--pos_subscription=projects/p/subscriptions/s"})
			if err != nil {
				t.Fatal(err)
			}
			p, err := New(t.Context(), o)
			if err == nil {
				t.Cleanup(func() { _ = p.Close() })
			}
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v does not say %q", err, c.want)
			}
		})
	}
}

// restoreBeamFlags restores the flags of Beam, which belong to the process, after the test.
func restoreBeamFlags(t *testing.T) {
	t.Helper()
	flag.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Name, "test.") {
			return
		}
		before := f.Value.String()
		t.Cleanup(func() {
			if f.Value.String() == before {
				return
			}
			if err := f.Value.Set(before); err != nil {
				t.Errorf("--%s: %v", f.Name, err)
			}
		})
	})
}
