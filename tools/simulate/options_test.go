package simulate

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
)

func TestBadOptionsAreNamedAllAtOnce(t *testing.T) {
	for args, wants := range map[string][]string{
		"":                      {"--pos_topic: the topic id \"pos\" needs --project"},
		"--project=p --shops=0": {"--shops: 0"},
		"--project=p --clock_speed=NaN --events_per_second=0 --duration=-1s": {
			"--clock_speed: NaN", "--events_per_second: 0", "--duration: -1s",
		},
		"--project=p --clock_origin=yesterday --products=0 --report_every=1ms": {
			"--clock_origin: \"yesterday\"", "--products: 0", "--report_every: 1ms",
		},
		"--project=p --state_file=/nowhere/at/all --online_store=global x": {
			"--state_file: ", "--online_store: ", "unexpected argument \"x\"",
		},
		"--project=p --check_redis=here --check_timeout=0s": {"--check_redis: ", "--check_timeout: 0s"},
		"--check_truth=x --seed=2": {"--check_truth: needs --check_redis",
			"--seed: has no meaning"},
	} {
		_, err := parseOptions(strings.Fields(args))
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: the error is %v, without %q", args, err, want)
			}
		}
	}
}

// parseOptions returns the options on a command line.
func parseOptions(args []string) (Options, error) {
	o := DefaultOptions()
	err := config.Parse(&o, args, nil)
	return o, err
}
