package event

import (
	"strconv"
	"testing"
)

// TestResetAheadOfPublishTime covers differing clocks and late delivery. TestTimesAhead covers the
// limits.
func TestResetAheadOfPublishTime(t *testing.T) {
	for _, c := range []struct {
		name      string
		ahead     int64 // of the publish time
		published int64
		wall      bool
		want      int64
	}{
		{"delivered late", 1000, testNow - 3600_000, true, testNow - 3600_000},
		{"much later, and delivered late", 1800_000, testNow - 3600_000, true, testNow - 1800_000},
		{"by another clock", 1000, testNow - 3600_000, false, testNow - 3599_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(FormatWMS, validReset.with("counted_at", strconv.FormatInt(c.published+c.ahead, 10)).String())
			m.PublishedAt = c.published
			var d Decoder
			var out Decoded
			d.Decode(m, testNow, c.wall, &out)
			if len(out.Events) != 1 || out.Events[0].OccurredAt != c.want ||
				out.Events[0].Adjusted != (c.want != c.published+c.ahead) {
				t.Errorf("%+v, want %d", out, c.want)
			}
		})
	}
	file := csvMessage(wmsColumns, "s1,p1,2,,e1,RESET,2026-03-01T12:04:00Z,")
	if e := one(t, file); e.OccurredAt != testNow+4*60*1000 || e.Adjusted {
		t.Errorf("without publish time, as in a file: %+v", e)
	}
	check(t, message(FormatWMS, validWMS.with("timestamp", "1772366400000").String()), "RECEIPT s1/p1 2 e1")
	if e := one(t, message(FormatWMS, validWMS.String())); e.Adjusted || e.OccurredAt != testNow {
		t.Errorf("a receipt was adjusted: %+v", e)
	}
}

func TestPrices(t *testing.T) {
	for sent, want := range map[string]string{
		`19.90`: "19.90", `1e2`: "1e2", `-3`: "-3", `"25.00"`: "25.00", `"\u0031"`: "1", `"-1.5E2"`: "-1.5E2",
		`null`: "",
		`""`:   "?", `"1,99"`: "?", `"N/A"`: "?", `" 1"`: "?", `"+1"`: "?", `"01"`: "?", `".5"`: "?", `"5."`: "?",
		`"NaN"`: "?", `"€5"`: "?", `true`: "?", `{"amount":1}`: "?", `[1]`: "?",
	} {
		unreadable := 0
		if want == "?" {
			want, unreadable = "", 1
		}
		for _, m := range []*Message{
			message(FormatPOS, validPOS.with("price", sent).String()),
			message(FormatPOS, validPOS.with("items", `[{"product_id":"a","quantity":1,"price":`+sent+`}]`).String()),
			message(FormatECOM, validECOM.with("ecommerce", `{"items":[{"item_id":"a","price":`+sent+`}]}`).String()),
		} {
			var d Decoder
			var out Decoded
			d.Decode(m, testNow, true, &out)
			if len(out.Events) != 1 || out.Events[0].Price != want || out.UnreadablePrices != unreadable {
				t.Errorf("%s: %+v, want the price %q", m.Data, out, want)
			}
		}
	}
}
