package velocity

import (
	"bytes"
	"testing"
)

var stickies = []Decisions{
	{},
	{Dense: true},
	{ChangedAt: noon},
	{HighDemand: true, ChangedAt: noon},
	{Dense: true, HighDemand: true, ChangedAt: noon},
	{HighDemand: true, ChangedAt: 999_999_999_999_999},
	{HighDemand: true, ChangedAt: -5},
}

func TestDecisionsText(t *testing.T) {
	if got := (Decisions{Dense: true, ChangedAt: 5}).String(); got != "1h off 5" {
		t.Errorf("String() = %q", got)
	}
	for _, k := range stickies {
		if got, err := ParseDecisions(k.String()); err != nil || got != k {
			t.Errorf("%+v: String() = %q, parsed as %+v, %v", k, k.String(), got, err)
		}
	}
	for _, text := range []string{"1h", "1h on", "2h on 5", "1h maybe 5", "1h on five", "1h on 5 6"} {
		if k, err := ParseDecisions(text); err == nil {
			t.Errorf("%q is parsed as %+v", text, k)
		}
	}
}

// TestResumedSeriesCanBeWritten encodes and decodes a resumed series before its first evaluation.
func TestResumedSeriesCanBeWritten(t *testing.T) {
	for _, k := range stickies {
		for _, added := range []bool{false, true} {
			s := Resume(k)
			if added {
				s.Add(noon, noon+minute, Sale, 3)
			}
			b := s.AppendBinary(nil)
			got, rest, err := DecodeSeries(b)
			if err != nil || len(rest) > 0 {
				t.Errorf("%+v, added %v: %x: %v", k, added, b, err)
				continue
			}
			if again := got.AppendBinary(nil); !bytes.Equal(again, b) {
				t.Errorf("%+v, added %v: %x became %x", k, added, b, again)
			}
		}
	}
}

// TestResume checks that hysteresis and dwell apply to the resumed decisions, and that a series
// without events is found gone.
func TestResume(t *testing.T) {
	c := DefaultConfig()
	s := Resume(Decisions{Dense: true, HighDemand: true, ChangedAt: noon})
	now := noon + minute
	s.Add(noon, now, Sale, 6) // half of either threshold
	s.Add(noon-minute, now, Sale, 1)
	if r, changed, badge := s.Evaluate(now, c); !r.Dense || !r.HighDemand || !changed || badge != nil {
		t.Errorf("resumed: %+v, changed %v, %+v", r, changed, badge)
	}
	gone := Resume(Decisions{Dense: true, HighDemand: true, ChangedAt: noon})
	if gone.Empty() {
		t.Error("empty before it was found gone")
	}
	if r, changed, badge := gone.Evaluate(noon+25*hour, c); !r.Gone() || !changed || badge == nil || badge.On {
		t.Errorf("without events: %+v, changed %v, %+v", r, changed, badge)
	}
}

// TestResumeBeforeItWasDecided checks that a badge does not outlast the dwell after a clock has
// started over.
func TestResumeBeforeItWasDecided(t *testing.T) {
	c := DefaultConfig()
	s := Resume(Decisions{HighDemand: true, ChangedAt: noon + 48*hour})
	s.Add(noon, noon, View, 1)
	if r, _, badge := s.Evaluate(noon+c.DwellMs, c); r.HighDemand || badge == nil {
		t.Errorf("the badge is still on: %+v", r)
	}
}
