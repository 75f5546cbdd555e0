package metrics

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestNamesAreUniqueAndComplete(t *testing.T) {
	plain := regexp.MustCompile(`^[a-z0-9_]+$`)
	seen := map[string]Counter{}
	for i, name := range names {
		if !plain.MatchString(name) {
			t.Errorf("counter %d is named %q", i, name)
		}
		if other, ok := seen[name]; ok {
			t.Errorf("counters %d and %d are both named %s", other, i, name)
		}
		seen[name] = Counter(i)
	}
	for _, want := range []string{"events_pos_sale", "events_ecom_cart_add", "events_wms_reset", "events_file_view",
		"ignored", "duplicates", "dropped_by_barrier", "recomputed", "redis_writes", "redis_retries",
		"refused_bad_json", "refused_id_reused", "bigquery_rows", "bigquery_refusals", "bigquery_retries"} {
		if _, ok := seen[want]; !ok {
			t.Errorf("no counter is named %s", want)
		}
	}
}

// TestSeries checks that the Beam name of a counter consists of its family and label values, and
// that all counters of a family have the same label names.
func TestSeries(t *testing.T) {
	labels := map[string]string{}
	for _, c := range Counters() {
		s := c.Series()
		name, keys := s.Family, ""
		for _, l := range s.Labels {
			name += "_" + strings.ToLower(l.Value)
			keys += l.Name + " "
		}
		if name != c.String() {
			t.Errorf("%s has family and labels %+v", c, s)
		}
		if other, ok := labels[s.Family]; ok && other != keys {
			t.Errorf("family %s has labels %sand %s", s.Family, other, keys)
		}
		labels[s.Family] = keys
		if s.Help == "" {
			t.Errorf("%s has no help", c)
		}
	}
	if s := Events(event.ECOM, event.CartAdd).Series(); s.Family != "events" ||
		!slices.Equal(s.Labels, []Label{{"channel", "ECOM"}, {"type", "CART_ADD"}}) {
		t.Errorf("cart adds are %+v", s)
	}
	if len(labels) != 16 {
		t.Errorf("the families are %v", labels)
	}
}

// TestCountersDoNotOverlap checks that each counter has its own number.
func TestCountersDoNotOverlap(t *testing.T) {
	all := []Counter{Ignored, UnreadablePrices, DroppedByBarrier, Duplicates, Recomputed, SalesNeverCounted,
		RedisWrites, RedisRetries, RedisEvictedKeys, StateCalls, ImageMisses, BigQueryRows,
		BigQueryRefusals, BigQueryRetries}
	for _, c := range event.Channels {
		for _, typ := range event.Types {
			all = append(all, Events(c, typ))
		}
	}
	for _, r := range event.Reasons {
		all = append(all, Refused(r))
	}
	slices.Sort(all)
	for i, c := range all {
		if int(c) != i {
			t.Fatalf("counter number %d is %d", i, c)
		}
	}
	if len(all) != counters {
		t.Errorf("%d counters, want %d", len(all), counters)
	}
}

func TestUnknownReasonPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a reason outside the closed list was counted")
		}
	}()
	Refused("BAD_MOOD")
}
