package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRangesOfFlags checks that a value out of its flag's range is refused by the flag's name.
func TestRangesOfFlags(t *testing.T) {
	for _, c := range []struct {
		flag        string
		good, wrong []string
	}{
		{"key_groups", []string{"0", "32768"}, []string{"-1", "32769"}},
		{"image_cache_mb", []string{"1", "1048576"}, []string{"0", "1048577"}},
		{"ledger_horizon", []string{"1ms", "87840h"}, []string{"0", "87841h", "-1h"}},
		{"outstanding_events", []string{"1", "10000000"}, []string{"0", "10000001"}},
		{"low_stock_exit", []string{"5"}, []string{"4"}},
		{"dense_minutes", []string{"1"}, []string{"0"}},
		{"dense_units", []string{"1"}, []string{"0"}},
		{"weight_views", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"weight_cart_adds", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"weight_units", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"high_demand_enter", []string{"1"}, []string{"0"}},
		{"high_demand_dwell", []string{"0"}, []string{"-1s"}},
		{"clock_speed", []string{"0.001", "1000000"}, []string{"0", "-1", "1000001", "NaN", "Inf"}},
		{"clock_origin", []string{"2000-01-01T00:00:00Z"}, []string{"1999-12-31T23:59:59Z", "yesterday"}},
		{"online_store", []string{strings.Repeat("s", 128), "a:b c"},
			[]string{"", strings.Repeat("s", 129), " a", "a\u200b", "global"}},
		{"ecom_refunds", []string{"ignore", "return"}, []string{"", "Return", "sale"}},
		{"late_events", []string{"refuse", "count"}, []string{"", "Count", "drop"}},
		{"log_level", []string{"debug", "INFO", "Warn", "ERROR"}, nil},
		{"wms_files_poll", nil, []string{"1ms", "-1s", "1s"}}, // the last for want of --wms_files
		// the last for want of --wms_files_poll
		{"wms_files_settle", []string{"10s"}, []string{"1ms", "-1s", "25h", "20s"}},
		{"redis_addrs", []string{"a:1,b:2"}, []string{"", "a", ":1", "a:1,b"}},
	} {
		for _, value := range append(c.good, c.wrong...) {
			o, err := ParseFlags([]string{"--" + c.flag + "=" + value, "--pos_subscription=projects/p/subscriptions/s"})
			if err != nil {
				t.Errorf("--%s=%s is not understood: %v", c.flag, value, err)
				continue
			}
			p, err := New(t.Context(), o)
			if p != nil {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
			bad := slices.Contains(c.wrong, value)
			if bad && (err == nil || !strings.Contains(err.Error(), "--"+c.flag+": ")) {
				t.Errorf("--%s=%s: got %v", c.flag, value, err)
			}
			if !bad && err != nil {
				t.Errorf("--%s=%s is refused: %v", c.flag, value, err)
			}
		}
	}
}

// TestDaysInHours checks that a duration in days is one error with the hours, and that another
// invalid duration is one error.
func TestDaysInHours(t *testing.T) {
	for value, hours := range map[string]string{"7d": "168h", "1w": "168h", "1w2d3h": "219h", "1.5d": "36h",
		"0.01d": "14m24s", "1d30m": "24h30m0s",
		"5": "", "d": "", "7 days": "", "": ""} {
		for _, flag := range []string{"ledger_horizon", "high_demand_dwell", "wms_files_poll"} {
			o, err := ParseFlags([]string{"--" + flag + "=" + value, "--pos_subscription=projects/p/subscriptions/s"})
			want := fmt.Sprintf("--%s: %q is not a duration such as 30s or 168h", flag, value)
			if hours != "" {
				want += ": there is no unit for days or weeks; write " + hours
			}
			if err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
			if _, err := o.validate(t.Context(), time.Now()); err != nil {
				t.Errorf("--%s=%s is complained about twice: %v", flag, value, err)
			}
		}
	}
}

// TestPasswordInAddress checks that the message about an address does not repeat a password in it.
func TestPasswordInAddress(t *testing.T) {
	for _, addr := range []string{"redis://user:hunter2@redis:6379", "user:hunter2@redis:6379",
		"hunter2@redis:6379", "a:1,:hunter2@b:2"} {
		o, err := ParseFlags([]string{"--redis_addrs=" + addr, "--pos_subscription=projects/p/subscriptions/s"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "--redis_addrs: an address has an @") ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
