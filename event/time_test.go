package event

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestParseRFC3339(t *testing.T) {
	for text, want := range map[string]int64{
		"2026-03-01T12:00:00Z":                                     testNow,
		"2026-03-01t12:00:00z":                                     testNow,
		"2026-03-01T13:30:00+01:30":                                testNow,
		"2026-02-28T12:01:00-23:59":                                testNow,
		"2026-03-01T12:00:00-00:00":                                testNow,
		"2026-03-01T12:00:00.5Z":                                   testNow + 500,
		"2026-03-01T12:00:00.12Z":                                  testNow + 120,
		"2026-03-01T12:00:00.001Z":                                 testNow + 1,
		"2026-03-01T12:00:00.0019999999999Z":                       testNow + 1,
		"2026-03-01T12:00:00.999999999+00:00":                      testNow + 999,
		"2024-02-29T00:00:00Z":                                     1709164800000,
		"2000-01-01T00:00:00Z":                                     earliestMs,
		"1999-12-31T23:59:59.9999Z":                                earliestMs - 1,
		"9999-12-31T23:59:59.999Z":                                 253402300799999,
		"0000-01-01T00:00:00Z":                                     -62167219200000,
		"2026-03-01T12:00:00." + strings.Repeat("9", 10_000) + "Z": testNow + 999,
	} {
		if got, ok := parseRFC3339([]byte(text)); !ok || got != want {
			t.Errorf("%.60s: %d %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00Z", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00,5Z",
		"2026-03-01T12:00:00.Z",
		"2026-03-01T12:00:00.5", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-12-31T23:59:60Z",
		"2026-03-01T12:00:60Z", "2026-02-29T12:00:00Z", "2026-04-31T12:00:00Z",
		"2026-00-01T12:00:00Z", "2026-13-01T12:00:00Z", "2026-03-00T12:00:00Z", "2026-03-32T12:00:00Z",
		"2026-3-1T12:00:00Z", "26-03-01T12:00:00Z",
		"2026-03-01T12:00:00+0100", "2026-03-01T12:00:00+01", "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+01:60",
		"2026-03-01T12:00:00+1:00",
		"2026-03-01T12:00:00ZZ", "2026-03-01T12:00:00Z ", " 2026-03-01T12:00:00Z", "2026-03-01T12:00:00 Z",
		"2026-03-01T12:00:00 +01:00", "2026-03-01T12:00:00*01:00",
		"+2026-03-01T12:00:0Z", "20260301T120000Z", "2026-03-01T1a:00:00Z", "-026-03-01T12:00:00Z",
		"2026-03-01T12:00:00.5.5Z", "2026-03-01T12:00:00x",
		"2026/03/01T12:00:00Z", "2026-03-01T12-00-00Z", "٢٠٢٦-03-01T12:00:00Z", "2026-03-01T12:00:00.5+",
		"12026-03-01T12:00:00Z",
	} {
		if got, ok := parseRFC3339([]byte(text)); ok {
			t.Errorf("%q is parsed as %d", text, got)
		}
	}
}

func TestParseRFC3339AgreesWithTime(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		zone := time.FixedZone("", (random.IntN(2*1439)-1439)*60)
		at := time.UnixMilli(earliestMs + random.Int64N(8_000*365*86_400_000/10)).In(zone)
		for _, layout := range []string{time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.000000Z07:00"} {
			text := at.Format(layout)
			want, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := parseRFC3339([]byte(text)); !ok || got != want.UnixMilli() {
				t.Fatalf("%s: %d %v, want %d", text, got, ok, want.UnixMilli())
			}
		}
	}
}

// TestTimesAhead covers times ahead of the clock and of the publish time.
func TestTimesAhead(t *testing.T) {
	const minute, hour = 60_000, 3_600_000
	published := int64(testNow - 2*minute)
	for _, c := range []struct {
		typ      string
		at, want int64 // want is 0 if refused
		adjusted bool
	}{
		{"SALE", testNow + 5*minute, testNow + 5*minute, false},
		{"SALE", testNow + 5*minute + 1, 0, false},
		{"VIEW", testNow + 5*minute, testNow + 5*minute, false},
		{"VIEW", testNow + 5*minute + 1, published, true},
		{"CART_ADD", testNow + 24*hour, published, true},
		{"CART_ADD", testNow + 24*hour + 1, 0, false},
		{"RESET", published, published, false},
		{"RESET", published + 1, published, true},
		{"RESET", published + 5*minute, published, true},
		{"RESET", published + 5*minute + 1, published + 5*minute + 1, false},
		{"RESET", testNow + 5*minute + 1, 0, false},
		{"RECEIPT", published + 1, published + 1, false},
	} {
		m := message(FormatUnified, validUnified.with("type", `"`+c.typ+`"`, "occurred_at", fmt.Sprint(c.at)).String())
		m.PublishedAt = published
		if c.want == 0 {
			check(t, m, "FUTURE occurred_at")
		} else if e := one(t, m); e.OccurredAt != c.want || e.Adjusted != c.adjusted {
			t.Errorf("%s at %d of the clock: %d, adjusted %v; want %d, %v", c.typ, c.at-testNow, e.OccurredAt-testNow,
				e.Adjusted, c.want-testNow, c.adjusted)
		}
	}
}
