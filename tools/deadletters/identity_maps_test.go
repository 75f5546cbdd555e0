package deadletters

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// orders maps the orders of a shop. Lines have ids of their own, or those of the message.
const orders = `.lines[] | {type: "SALE", store_id: 12, product_id: .sku, quantity: .n, ` +
	`occurred_at: (.at // 1700000000000), event_id: .id}`

// TestAMappedMessageCountsOnce replays the first dead letter of a mapped message twice, as it was
// by a repaired map or with a repaired payload, and expects what the message would have led to
// without the fault.
func TestAMappedMessageCountsOnce(t *testing.T) {
	const repairedOrders = `(.lines[].n |= (if . == "two" then 2 else . end)) | ` + orders
	for _, c := range []struct {
		name, program, original  string
		repaired, repairedMap    string
		attributes, wantedOfSent map[string]string
		want                     map[string]int64
	}{
		{name: "a repaired map, ids of the message", program: orders, repairedMap: repairedOrders,
			original:     `{"lines":[{"sku":"1","n":1},{"sku":"2","n":"two"},{"sku":"1","n":5}]}`,
			wantedOfSent: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -6, "12:2": -2}},
		{name: "a repaired map, an id in the attributes", program: orders, repairedMap: repairedOrders,
			original:   `{"lines":[{"sku":"1","n":1},{"sku":"2","n":"two"},{"sku":"1","n":5}]}`,
			attributes: map[string]string{"event_id": "o#1"}, wantedOfSent: map[string]string{"event_id": "o#1"},
			want: map[string]int64{"12:1": -6, "12:2": -2}},
		{name: "a repaired map, ids of the lines", program: orders, repairedMap: repairedOrders,
			original: `{"lines":[{"sku":"1","n":1,"id":"a#b"},` +
				`{"sku":"2","n":"two","id":"c"},{"sku":"1","n":5,"id":"d"}]}`,
			want: map[string]int64{"12:1": -6, "12:2": -2}},
		{name: "a repaired map, ids of some lines", program: orders, repairedMap: repairedOrders,
			original:     `{"lines":[{"sku":"1","n":1,"id":"a"},{"sku":"2","n":"two","id":"c"},{"sku":"1","n":5}]}`,
			wantedOfSent: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -6, "12:2": -2}},
		{name: "a map that failed", program: `.lines.sku | ` + orders, repairedMap: orders,
			original:     `{"lines":[{"sku":"1","n":1}]}`,
			wantedOfSent: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -1}},
		{name: "a repaired payload", program: orders,
			original:     `{"lines":[{"sku":"1","n":1},{"sku":"2","n":"two"}]}`,
			repaired:     `{"lines":[{"sku":"2","n":2},{"sku":"1","n":1}]}`,
			wantedOfSent: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -1, "12:2": -2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipeline(t, "POS")
			p.maps = event.Maps{event.POS: c.program}
			letters := p.receive(c.original, maps.Clone(c.attributes), "m1")
			if len(letters) != 1 {
				t.Fatalf("%d letters", len(letters))
			}
			o := replayOptions{maps: p.maps}
			if c.repaired != "" {
				o.repaired = []byte(c.repaired)
			}
			if c.repairedMap != "" {
				o.maps = event.Maps{event.POS: c.repairedMap}
				p.maps = o.maps
			}
			for _, messageID := range []string{"m2", "m3"} {
				data, attributes, err := newDecoding(o.maps).prepare(letters[0], o)
				if err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(attributes, c.wantedOfSent) {
					t.Errorf("attributes %v, want %v", attributes, c.wantedOfSent)
				}
				if c.repaired == "" && string(data) != c.original {
					t.Errorf("published %s, want the original", data)
				}
				if again := p.receive(string(data), attributes, messageID); len(again) > 0 {
					t.Fatalf("refused again: %+v", again[0])
				}
			}
			if got := p.onHand(); !maps.Equal(got, c.want) {
				t.Errorf("on-hand %v, want %v", got, c.want)
			}
		})
	}
}

func TestPrepareRefusesMapped(t *testing.T) {
	p := newPipeline(t, "POS")
	p.maps = event.Maps{event.POS: orders}
	partly := p.receive(`{"lines":[{"sku":"1","n":1,"id":"a"},{"sku":"2","n":"two","id":"b"}]}`, nil, "m1")[0]
	for _, c := range []struct{ name, program, repaired, want string }{
		{"what was not repaired", orders, "", "would be refused again, BAD_FIELD: quantity"},
		{"a map that fails", "error(\"no\")", "", "would be refused again, BAD_FIELD: --pos_map: no"},
		{"a map that leaves it out", "empty", "", "would be ignored"},
		{"another id of a line that counts", orders,
			`{"lines":[{"sku":"1","n":1,"id":"c"},{"sku":"2","n":2,"id":"b"}]}`,
			`count already under the event id "a"`},
	} {
		o := replayOptions{maps: event.Maps{event.POS: c.program}}
		if c.repaired != "" {
			o.repaired = []byte(c.repaired)
		}
		if _, _, err := newDecoding(o.maps).prepare(partly, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestReplayOfMappedLetters runs the commands on letters of a mapped channel.
func TestReplayOfMappedLetters(t *testing.T) {
	pull := startTopic(t, "projects/p/topics/pos")
	const data = `{"lines":[{"sku":"1","n":1},{"sku":"2","n":2,"at":1700000300001}]}`
	refused := deadLetter(event.POS, event.Future, 1, 1, event.Message{Data: []byte(data), ID: "m1"})
	refused.Detail = "occurred_at: 1700000300001 is 300 s ahead of the clock (output 1 of --pos_map)"
	dir := warehouse(t, refused)
	program := filepath.Join(t.TempDir(), "orders.jq")
	if err := os.WriteFile(program, []byte(orders), 0o644); err != nil {
		t.Fatal(err)
	}
	replay := []string{"replay", "--warehouse_dir=" + dir, "--all", "--project=p", "--pos_topic=pos"}
	want := "letter 1 is of a message that was mapped: give --pos_map"
	if _, _, err := runCommand(t, replay...); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without the map: %v", err)
	}
	if _, _, err := runCommand(t, append(replay, "--pos_map=.x |")...); err == nil ||
		!strings.Contains(err.Error(), "--pos_map: line 1") {
		t.Errorf("with a map that does not compile: %v", err)
	}
	out, _, err := runCommand(t, append(replay, "--pos_map="+program)...)
	if err != nil ||
		!strings.Contains(out, "letter 1: published to projects/p/topics/pos with attribute event_id=m1\n") {
		t.Errorf("got %s, %v", out, err)
	}
	if m := pull(); string(m.GetData()) != data {
		t.Errorf("published %s", m.GetData())
	}
	out, _, err = runCommand(t, "list", "--warehouse_dir="+dir, "--pos_map="+program)
	if err != nil || !strings.Contains(out, " m1 ") {
		t.Errorf("got %s, %v", out, err)
	}
}
