package demo

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, time.November, 23, 23, 59, 0, 0, time.FixedZone("", -2*60*60))

func TestDefaults(t *testing.T) {
	o, err := ParseOptions(nil, io.Discard, testNow)
	if err != nil {
		t.Fatal(err)
	}
	want := Options{
		ClockOrigin: time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC), // the day that it is in UTC
		ClockSpeed:  60, EventsPerSecond: 500, Shops: 20, Products: 500, Seed: 1,
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestAllOptions(t *testing.T) {
	dir := t.TempDir()
	o, err := ParseOptions([]string{
		"--redis_addrs=a:1, b:2", "--clock_origin=2026-11-27T09:00:00+01:00", "--clock_speed", "3600", "--events_per_second=0.5",
		"--shops=3", "--products=7", "--seed=9", "--duration=3s", "--warehouse_dir", dir, "--high_demand_enter=12",
	}, io.Discard, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, time.November, 27, 8, 0, 0, 0, time.UTC); !o.ClockOrigin.Equal(want) {
		t.Errorf("the clock begins at %v, want %v", o.ClockOrigin, want)
	}
	o.ClockOrigin = time.Time{}
	want := Options{
		RedisAddrs: []string{"a:1", "b:2"}, ClockSpeed: 3600, EventsPerSecond: 0.5, Shops: 3, Products: 7, Seed: 9,
		Duration: 3 * time.Second, WarehouseDir: dir, HighDemandEnter: 12,
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestOneMessageSaysAllThatIsWrong(t *testing.T) {
	_, err := ParseOptions([]string{
		"--nonsense", "--shops=many", "stray", "--clock_speed=0", "--events_per_second=NaN", "--products=0", "--seed=-1",
		"--clock_origin=tomorrow", "--duration=-1s", "--redis_addrs=nowhere", "--warehouse_dir=options_test.go", "--high_demand_enter=-1",
	}, io.Discard, testNow)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{
		"nonsense", "shops", "stray", "clock_speed", "events_per_second", "products", "seed", "clock_origin", "duration",
		"redis_addrs", "warehouse_dir", "high_demand_enter",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("nothing about %s in:\n%v", name, err)
		}
	}
	if _, err := ParseOptions([]string{"--shops=999", "--products=20000"}, io.Discard, testNow); err == nil || !strings.Contains(err.Error(), "20000000") {
		t.Errorf("20,000,000 stock keys: %v", err)
	}
}

func TestHelp(t *testing.T) {
	var help bytes.Buffer
	if _, err := ParseOptions([]string{"--shops=1", "--help", "--nonsense"}, &help, testNow); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"redis_addrs", "clock_speed", "high_demand_enter"} {
		if !strings.Contains(help.String(), name) {
			t.Errorf("no help for %s", name)
		}
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
