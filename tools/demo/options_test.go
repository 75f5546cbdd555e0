package demo

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
)

func TestOneMessageListsAllThatIsWrong(t *testing.T) {
	_, err := parseOptions([]string{
		"--nonsense", "--shops=many", "stray", "--clock_speed=0", "--events_per_second=NaN",
		"--products=0", "--seed=-1",
		"--clock_origin=tomorrow", "--duration=-1s", "--redis_addrs=nowhere", "--warehouse_dir=options_test.go",
		"--high_demand_enter=-1", "--ui_addr=nowhere", "--scenario=late_count,flood",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{
		"nonsense", "shops", "stray", "clock_speed", "events_per_second", "products", "seed",
		"clock_origin", "duration",
		"redis_addrs", "warehouse_dir", "high_demand_enter", "ui_addr", "flood", "duplicate_storm",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("nothing about %s in:\n%v", name, err)
		}
	}
	_, err = parseOptions([]string{"--shops=999", "--products=20000"})
	if err == nil || !strings.Contains(err.Error(), "20000000") {
		t.Errorf("20,000,000 stock keys: %v", err)
	}
}

func TestOnlyTheRedisInThisProcessHasOutages(t *testing.T) {
	if o, err := parseOptions([]string{"--scenario=redis_outage, viral"}); err != nil || len(o.scenarios) != 2 {
		t.Errorf("%v, %v", o.scenarios, err)
	}
	if _, err := parseOptions([]string{"--scenario=redis_outage", "--redis_addrs=127.0.0.1:6379"}); err == nil {
		t.Error("an outage of a Redis elsewhere was accepted")
	}
}

func TestHighDemandFollowsFromTheTrade(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want int64
	}{
		{Options{EventsPerSecond: 500, ClockSpeed: 60}, 6000},
		{Options{EventsPerSecond: 1, ClockSpeed: 3600}, 20},
		{Options{EventsPerSecond: 500, ClockSpeed: 60, HighDemandEnter: 7}, 7},
	} {
		if got := c.o.highDemandEnter(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.o, got, c.want)
		}
	}
}

// parseOptions returns the options on a command line.
func parseOptions(args []string) (Options, error) {
	o := DefaultOptions()
	err := config.Parse(&o, args, nil)
	return o, err
}
