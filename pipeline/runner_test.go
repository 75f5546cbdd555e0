package pipeline

import (
	"flag"
	"net"
	"strconv"
	"strings"
	"testing"
)

// TestRunnerOptions names what is wrong with where the pipeline is to run, flags of Beam's included.
func TestRunnerOptions(t *testing.T) {
	for _, c := range []struct{ arg, want string }{
		{"--endpoint=localhost", `--endpoint: "localhost" is not host:port`},
		{"--endpoint=:8073", `--endpoint: ":8073" is not host:port`},
		{"--endpoint=prism.internal:8073", `--endpoint: "prism.internal:8073" is not on this machine`},
		{"--endpoint=0.0.0.0:8073", `--endpoint: "0.0.0.0:8073" is not on this machine`},
		{"--endpoint=localhost:8073", ""},
		{"--endpoint=[::1]:8073", ""},
		{"--environment_type=DOCKER", `--environment_type: "DOCKER" is not LOOPBACK`},
		{"--environment_type=external", `--environment_type: "external" is not LOOPBACK`},
		{"--environment_type=LOOPBACK", ""},
		{"--environment_config=localhost:50000", "--environment_config: has no use"},
		{"--async", "--async: has no use"},
		{"--runner=flink", `--runner: "flink"`},
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

// restoreBeamFlags gives the flags of Beam, which are the process's, their values back after the test.
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

// TestAPortThatIsTaken is an error of ours, where Prism panics.
func TestAPortThatIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if _, err := startPrism(port); err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got %v, want an error that names port %d", err, port)
	}
}
