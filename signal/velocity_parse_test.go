package signal

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// ParseVelocity is the inverse of AppendJSON, also of JSON with other white space.
func TestParseVelocity(t *testing.T) {
	id := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`),
		rapid.SampledFrom([]string{`","window":"1h`, "\\", "😀"}))
	n := rapid.Int64()
	rapid.Check(t, func(t *rapid.T) {
		want := Velocity{ProductID: id.Draw(t, "product"), StoreID: id.Draw(t, "store"),
			Window:    rapid.SampledFrom([]string{WindowHour, WindowDay}).Draw(t, "window"),
			UnitsHour: n.Draw(t, "units"), UnitsDay: n.Draw(t, "units"), ViewsHour: n.Draw(t, "views"),
			ViewsDay: n.Draw(t, "views"), CartsHour: n.Draw(t, "carts"), CartsDay: n.Draw(t, "carts"),
			HighDemand: rapid.Bool().Draw(t, "badge"), AsOf: n.Draw(t, "as_of")}
		value := want.AppendJSON(nil)
		if _, fast := scanVelocity(string(value)); fast != (plain(want.ProductID) && plain(want.StoreID)) {
			t.Fatalf("scanVelocity returns %v: %s", fast, value)
		}
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, value, "", " "); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(value), spaced.String()} {
			if got, err := ParseVelocity(text); err != nil || got != want {
				t.Fatalf("%s: %v\n got %+v\nwant %+v", text, err, got, want)
			}
		}
	})
}

func TestParseVelocityRefuses(t *testing.T) {
	value := string(Velocity{ProductID: "555", Window: WindowHour}.AppendJSON(nil))
	for i := range len(value) {
		if v, err := ParseVelocity(value[:i]); err == nil {
			t.Errorf("%s: %+v", value[:i], v)
		}
	}
	for _, text := range []string{value + "}", "[" + value + "]", "null", "4", "{}", `{"window":"7d"}`,
		`{"window":"1h","units_1h":"5"}`, `{"window":"1h","units_1h":1.5}`, `{"window":1}`} {
		if v, err := ParseVelocity(text); err == nil {
			t.Errorf("%s: %+v", text, v)
		}
	}
	later := `{"currency":"EUR",` + value[1:]
	if v, err := ParseVelocity(later); err != nil || v.ProductID != "555" {
		t.Errorf("an unknown field: %+v, %v", v, err)
	}
}

func BenchmarkParseVelocity(b *testing.B) {
	value := string(Velocity{StoreID: "12", ProductID: "1000123", Window: WindowHour, UnitsHour: 11, UnitsDay: 120,
		HighDemand: true, AsOf: 1_795_780_800_076}.AppendJSON(nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseVelocity(value); err != nil {
			b.Fatal(err)
		}
	}
}
