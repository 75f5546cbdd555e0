package event

import (
	"strconv"
	"testing"
)

// TestCountsAheadOfTheirMessage is about clocks and late delivery; for the limits see TestTimesAhead.
func TestCountsAheadOfTheirMessage(t *testing.T) {
	for _, c := range []struct {
		name      string
		ahead     int64 // of the publication
		published int64
		wall      bool
		want      int64
	}{
		{"delivered late", 1000, testNow - 3600_000, true, testNow - 3600_000},
		{"much later, and delivered late", 1800_000, testNow - 3600_000, true, testNow - 1800_000},
		{"by another clock", 1000, testNow - 3600_000, false, testNow - 3599_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(FormatWMS, soundReset.with("counted_at", strconv.FormatInt(c.published+c.ahead, 10)).String())
			m.PublishedAt = c.published
			var d Decoder
			var out Decoded
			d.Decode(m, testNow, c.wall, &out)
			if len(out.Events) != 1 || out.Events[0].OccurredAt != c.want || out.Events[0].Adjusted != (c.want != c.published+c.ahead) {
				t.Errorf("%+v, want %d", out, c.want)
			}
		})
	}
	file := csvMessage(wmsColumns, "s1,p1,2,,e1,RESET,2026-03-01T12:04:00Z,")
	if e := one(t, file); e.OccurredAt != testNow+4*60*1000 || e.Adjusted {
		t.Errorf("of a file, which has no time of publication: %+v", e)
	}
	check(t, message(FormatWMS, soundWMS.with("timestamp", "1772366400000").String()), "RECEIPT s1/p1 2 e1")
	if e := one(t, message(FormatWMS, soundWMS.String())); e.Adjusted || e.OccurredAt != testNow {
		t.Errorf("a receipt was adjusted: %+v", e)
	}
}

func TestPrices(t *testing.T) {
	for sent, want := range map[string]string{
		`19.90`: "19.90", `1e2`: "1e2", `-3`: "-3", `"25.00"`: "25.00", `"\u0031"`: "1", `"-1.5E2"`: "-1.5E2", `null`: "",
		`""`: "?", `"1,99"`: "?", `"N/A"`: "?", `" 1"`: "?", `"+1"`: "?", `"01"`: "?", `".5"`: "?", `"5."`: "?", `"NaN"`: "?", `"€5"`: "?", `true`: "?", `{"amount":1}`: "?", `[1]`: "?",
	} {
		unreadable := 0
		if want == "?" {
			want, unreadable = "", 1
		}
		for _, m := range []*Message{
			message(FormatPOS, soundPOS.with("price", sent).String()),
			message(FormatPOS, soundPOS.with("items", `[{"product_id":"a","quantity":1,"price":`+sent+`}]`).String()),
			message(FormatECOM, soundECOM.with("ecommerce", `{"items":[{"item_id":"a","price":`+sent+`}]}`).String()),
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
