package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// mappedMessage returns a message of the channel POS.
func mappedMessage(data string) *Message {
	return &Message{Channel: POS, Format: FormatPOS, Data: []byte(data), ID: "m1", PublishedAt: testNow - 1000}
}

// checkMapped decodes m by a program and compares the summary with want.
func checkMapped(t *testing.T, program string, m *Message, want ...string) *Decoded {
	t.Helper()
	d := Decoder{Rules: Rules{Maps: Maps{POS: program}}}
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if got := summary(&out); !reflect.DeepEqual(got, append([]string(nil), want...)) {
		t.Errorf("%.200s\nby %s\n got %q %v\nwant %q", m.Data, program, got, out.Refusals, want)
	}
	for i := range out.Events {
		if err := checkMappedEvent(out.Events[i], m); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	return &out
}

// checkMappedEvent is checkEvent for an output, whose id may be its own.
func checkMappedEvent(e UnifiedInventoryEvent, m *Message) error {
	if e.Item == NoItem {
		return errors.New("an output has no number")
	}
	e.Item = NoItem
	return checkEvent(&e, m)
}

// sale is a part of programs: a sale at noon of one unit of the product in the input.
const sale = `{type: "SALE", store_id: "s1", product_id: .p, quantity: (.q // 1), occurred_at: (.at // 1772366400000)}`

func TestMapped(t *testing.T) {
	for _, c := range []struct {
		name, program, data string
		want                []string
	}{
		{"a unified event is passed on", `.`, validUnified.String(), []string{"SALE s1/p1 2 e1"}},
		{"the program decides, not the format", `{type: "RECEIPT", store_id, product_id, quantity: .product_count,
			occurred_at: .timestamp, event_id: .order_number}`, validPOS.String(), []string{"RECEIPT s1/p1 2 o1"}},
		{"several outputs are items", `.x[] | ` + sale, `{"x":[{"p":"a"},{"p":"b","q":2},{"p":"a","q":-3}]}`,
			[]string{"SALE s1/a 1 m1#1", "SALE s1/b 2 m1#0", "SALE s1/a -3 m1#0"}},
		{"ids of outputs go before", `.x[] | ` + sale + ` + {event_id: .id}`,
			`{"x":[{"p":"a","id":7},{"p":"a"},{"p":"a","id":null,"q":2}]}`,
			[]string{"SALE s1/a 1 7", "SALE s1/a 1 m1#0", "SALE s1/a 2 m1#1"}},
		{"stores are counted apart", `.x[] | ` + sale + ` + {store_id: .s}`, `{"x":[{"p":"a","s":1},{"p":"a","s":2}]}`,
			[]string{"SALE 1/a 1 m1#0", "SALE 2/a 1 m1#0"}},
		{"nothing", `select(.p)` + ` | ` + sale, `{"x":1}`, []string{"ignored 1 mapped to nothing"}},
		{"an output is refused like a unified event", `.x[] | ` + sale,
			`{"x":[{"p":"a"},{"p":""},{"p":"b","q":1.5},{"p":"c","at":1},{"p":null},{"p":[1]},{"p":true,"q":{}}]}`,
			[]string{"SALE s1/a 1 m1#0", "BAD_ID 1 product_id", "BAD_FIELD 2 quantity", "BAD_TIME 3 occurred_at",
				"MISSING_FIELD 4 product_id", "BAD_ID 5 product_id", "BAD_ID 6 product_id"}},
		{"an output that is no object", `1, "a", null, [.]`, `{}`, []string{"BAD_FIELD 0 the", "BAD_FIELD 1 the",
			"BAD_FIELD 2 the", "BAD_FIELD 3 the"}},
		{"an unknown type", `{type: "GIFT"}`, `{}`, []string{"UNKNOWN_TYPE 0 type"}},
		{"no type", `{}`, `{}`, []string{"MISSING_FIELD 0 type"}},
		{"a failure refuses the message", sale + `, error("no store")`, `{"p":"a"}`, []string{"BAD_FIELD --pos_map"}},
		{"a failure of an expression", `.p.q`, `{"p":"a"}`, []string{"BAD_FIELD --pos_map"}},
		{"no end", `def f: f; f`, `{}`, []string{"BAD_FIELD --pos_map"}},
		{"too many outputs", `range(10001)`, `{}`, []string{"BAD_FIELD --pos_map"}},
		{"too great outputs", `range(100) as $i | {type: ("x" * 100000)}`, `{}`, []string{"BAD_FIELD --pos_map"}},
		{"a text that is no text", sale + ` + {product_id: ("/w==" | @base64d)}`, `{}`,
			[]string{"BAD_FIELD 0 product_id"}},
		{"no JSON", `.`, `{`, []string{"BAD_JSON JSON"}},
		{"a name twice", `.`, `{"a":{"b":1,"b":2}}`, []string{"BAD_JSON JSON"}},
		{"a lone surrogate", `.`, `{"a":"\ud800"}`, []string{"BAD_JSON JSON"}},
		{"trailing data", `.`, `{} {}`, []string{"BAD_JSON JSON"}},
		{"no object", `.`, `[]`, []string{"BAD_JSON JSON"}},
		{"65 levels", sale, `{"p":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
			[]string{"BAD_JSON JSON"}},
		{"64 levels", sale + ` + {product_id: 1}`, `{"p":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
			[]string{"SALE s1/1 1 m1#0"}},
		{"a number of very many digits", `.`, `{"p":1` + strings.Repeat("0", 1000) + `}`,
			[]string{"BAD_FIELD --pos_map"}},
		{"digits are kept", sale, `{"p":12345678901234567890123,"q":"+3"}`,
			[]string{"SALE s1/12345678901234567890123 3 m1#0"}},
		{"integers stay plain", sale, `{"p":1e2,"q":2.0}`, []string{"SALE s1/100 2 m1#0"}},
		{"sums beyond 2^53", sale + ` | .product_id = .product_id + 1`, `{"p":9007199254740993}`,
			[]string{"SALE s1/9007199254740994 1 m1#0"}},
		{"computed times", sale + ` | .occurred_at = (1772366399999999 / 1000 | floor)`, `{"p":"\u00e9\n"}`,
			[]string{"BAD_ID 0 product_id"}},
		{"escapes", sale, `{"p":"\u00e9\"\\"}`, []string{`SALE s1/é"\ 1 m1#0`}},
		{"NaN is null", sale + ` | .quantity = nan`, `{"p":1}`, []string{"MISSING_FIELD 0 quantity"}},
		{"infinity", sale + ` | .quantity = infinite`, `{"p":1}`, []string{"BAD_FIELD 0 quantity"}},
	} {
		t.Run(c.name, func(t *testing.T) { checkMapped(t, c.program, mappedMessage(c.data), c.want...) })
	}
}

func TestMappedDetails(t *testing.T) {
	for _, c := range []struct{ program, want string }{
		{`{}, {}`, "type is missing (output 0 of --pos_map)"},
		{`1`, "the output is not an object (output 0 of --pos_map)"},
		{`error("no \(.a)")`, "--pos_map: no 7"},
		{`error`, `--pos_map: error: {"a":7}`},
		{`.a.b`, "--pos_map: expected an object but got: number (7)"},
		{`def f: f; f`, "--pos_map: it takes too many steps"},
	} {
		d := Decoder{Rules: Rules{Maps: Maps{POS: c.program}}}
		var out Decoded
		d.Decode(mappedMessage(`{"a":7}`), testNow, true, &out)
		if len(out.Refusals) == 0 || out.Refusals[0].Detail != c.want {
			t.Errorf("%s: %+v, want %q", c.program, out.Refusals, c.want)
		}
	}
}

// TestMappedChannels checks that a program is for the messages of its channel, whatever they are.
func TestMappedChannels(t *testing.T) {
	d := Decoder{Rules: Rules{Maps: Maps{POS: "empty", WMS: `.event_id = "w"`}}}
	var out Decoded
	for _, c := range []struct {
		channel Channel
		want    string
	}{
		{POS, "[ignored 1 mapped to nothing]"}, {ECOM, "[SALE s1/p1 2 e1]"}, {WMS, "[SALE s1/p1 2 w]"},
		{FILE, "[SALE s1/p1 2 e1]"},
	} {
		m := Message{Channel: c.channel, Format: c.channel.Format(), Data: []byte(validUnified.String()), ID: "m1"}
		d.Decode(&m, testNow, true, &out)
		if got := fmt.Sprint(summary(&out)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.channel, got, c.want)
		}
	}
}

func TestMappedAttributeID(t *testing.T) {
	m := mappedMessage(`{"x":[{"p":"a"},{"p":"b","id":"own"}]}`)
	m.Attributes = map[string]string{"event_id": "att"}
	out := checkMapped(t, `.x[] | `+sale+` + {event_id: .id}`, m, "SALE s1/a 1 att#0", "SALE s1/b 1 own")
	if out.Events[0].Item != 0 || out.Events[1].Item != 1 || out.Events[1].Source != POS || out.Events[1].Message != m {
		t.Errorf("%+v", out.Events)
	}
}

// TestMappedIDsIgnoreOrder checks that the order of outputs and refused outputs change no id.
func TestMappedIDsIgnoreOrder(t *testing.T) {
	items := []string{`{"p":"a"}`, `{"p":"a","q":2}`, `{"p":"a","q":2,"at":1772366300000}`, `{"p":"b"}`, `{"p":""}`,
		`{"p":"a","q":2,"t":"RECEIPT"}`}

	program := `.x[] | (.t // "SALE") as $t | ` + sale + ` | .type = $t`
	ids := func(items []string) map[string]bool {
		d := Decoder{Rules: Rules{Maps: Maps{POS: program}}}
		var out Decoded
		d.Decode(mappedMessage(`{"x":[`+strings.Join(items, ",")+`]}`), testNow, true, &out)
		set := map[string]bool{}
		for _, e := range out.Events {
			set[fmt.Sprint(e.ID, e.ProductID, e.Type, e.Quantity, e.OccurredAt)] = true
		}
		return set
	}
	want := ids(items)
	if len(want) != 5 {
		t.Fatalf("%v", want)
	}
	for range 20 {
		rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		if got := ids(items); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: got %v, want %v", items, got, want)
		}
	}
}

// likePOS maps a POS transaction that has an order number, and either items or a line, as the
// native decoder does.
const likePOS = `
def sign($type): if $type == "SALE" or . < 0 then . else -. end;
(.type // "SALE") as $type
| ([.terminal_id, .order_number, .line | values | tostring] | join(":")) as $key
| {type: "SALE", store_id, occurred_at: (if (.time_of_sale // 0) == 0 then .timestamp else .time_of_sale end)} as $base
| def id: $key + if .quantity < 0 or $type != "SALE" then ":return" else "" end;
  [.items // [{product_id, quantity: .product_count}] | .[] | .quantity |= sign($type)] as $items
| $items
| to_entries
| group_by(.value.product_id)[]
| sort_by(.value.quantity, (.value.price // -1))
| to_entries[]
| .key as $k | .value.value
| $base + {product_id, quantity, event_id: (id + if $items[0].price then "#\($k)" else "" end)}`

// TestMappedLikeNative checks that a POS transaction becomes the same events by its own format and
// by a program.
func TestMappedLikeNative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Int64Range(-1e9, 1e9)
		id := rapid.OneOf(rapid.Map(rapid.Int64Range(1, 5), func(n int64) any { return n }),
			rapid.Map(rapid.StringMatching(`[a-z "\\é]{0,3}x`), func(s string) any { return "x" + s }))
		message := map[string]any{
			"order_number": id.Draw(t, "order"), "store_id": id.Draw(t, "store"), "timestamp": testNow,
			"type":         rapid.SampledFrom([]any{nil, "SALE", "RETURN", "REFUND"}).Draw(t, "type"),
			"terminal_id":  rapid.SampledFrom([]any{nil, 7}).Draw(t, "terminal"),
			"time_of_sale": rapid.SampledFrom([]any{nil, 0, testNow - 5000}).Draw(t, "sold"),
		}
		if rapid.Bool().Draw(t, "items") {
			message["items"] = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any {
				products := []any{"a", "b", 3, 9007199254740993}
				return map[string]any{"product_id": rapid.SampledFrom(products).Draw(t, "product"),
					"quantity": count.Draw(t, "quantity"), "price": rapid.Int64Range(0, 3).Draw(t, "price")}
			}), 1, 6).Draw(t, "list")
		} else {
			message["line"], message["product_id"] = rapid.IntRange(1, 9).Draw(t, "line"), id.Draw(t, "product")
			message["product_count"] = count.Draw(t, "count")
		}
		data, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		native, mapped := Decoder{}, Decoder{Rules: Rules{Maps: Maps{POS: likePOS}}}
		var want, got Decoded
		native.Decode(mappedMessage(string(data)), testNow, true, &want)
		mapped.Decode(mappedMessage(string(data)), testNow, true, &got)
		if w, g := identities(&want), identities(&got); len(w) == 0 || !slices.Equal(w, g) {
			t.Fatalf("%s\nmapped %q %v\nnative %q %v", data, g, got.Refusals, w, want.Refusals)
		}
	})
}

// identities returns what distinguishes the events, sorted.
func identities(out *Decoded) (lines []string) {
	for _, e := range out.Events {
		lines = append(lines, fmt.Sprintf("%q %v %q %q %d %d %v", e.ID, e.Type, e.StoreID, e.ProductID, e.Quantity,
			e.OccurredAt, e.Source))
	}
	slices.Sort(lines)
	return lines
}
