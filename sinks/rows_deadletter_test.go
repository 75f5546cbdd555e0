package sinks_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks"
)

func TestDeadLetterJSON(t *testing.T) {
	pubsub := &event.Message{Channel: event.ECOM, Data: []byte("{\"a\":\"ä<\\n\"}\n"), Attributes: map[string]string{"z": "1", "b": "\"q\""}, ID: "m7", PublishedAt: 1_772_366_400_000 + 7}
	file := &event.Message{Channel: event.FILE, Data: []byte("\xff\x00"), File: "a.csv", Line: 3}
	for _, c := range []struct {
		letter event.DeadLetter
		want   string
	}{
		{
			event.DeadLetter{
				Refusal: event.Refusal{Reason: event.BadField, Detail: `items[2].quantity: "x" is not a number`, Item: 2},
				Stage:   event.StageDecode, Message: pubsub, FailedAt: 1_772_366_400_000 + 1234,
			},
			`{"raw":"eyJhIjoiw6Q8XG4ifQo=","text":"{\"a\":\"ä<\\n\"}\n","attributes":{"b":"\"q\"","z":"1"},"reason":"BAD_FIELD",` +
				`"detail":"items[2].quantity: \"x\" is not a number","stage":"decode","source":"ECOM","message_id":"m7","item":2,` +
				`"published_at":"2026-03-01T12:00:00.007Z","failed_at":"2026-03-01T12:00:01.234Z"}`,
		},
		{
			event.DeadLetter{
				Refusal: event.Refusal{Reason: event.BadJSON, Detail: "CSV: invalid UTF-8 (\xffa.csv:3)", Item: event.NoItem},
				Stage:   event.StageStock, Message: file, FailedAt: 1_772_366_400_000,
			},
			`{"raw":"/wA=","text":null,"attributes":{},"reason":"BAD_JSON","detail":"CSV: invalid UTF-8 (` + "\ufffd" + `a.csv:3)","stage":"stock","source":"FILE",` +
				`"message_id":null,"item":null,"published_at":null,"failed_at":"2026-03-01T12:00:00.000Z"}`,
		},
	} {
		got := sinks.AppendDeadLetter([]byte("before "), c.letter)
		if string(got) != "before "+c.want+"\n" {
			t.Errorf("\n got %s\nwant before %s", got, c.want)
		}
	}
}

func TestDeadLetterIsOneLineOfJSON(t *testing.T) {
	every := make([]byte, 0, 1<<16)
	for r := rune(0); r < 0x3000; r++ {
		every = append(every, string(r)...)
	}
	for _, data := range [][]byte{every, every[:100], {0xff}, nil} {
		m := &event.Message{Channel: event.POS, Data: data, Attributes: map[string]string{string(every): string(every), "\xff": "\xff"}, ID: "a\nb"}
		line := sinks.AppendDeadLetter(nil, event.DeadLetter{Refusal: event.Refusal{Reason: event.BadJSON, Detail: string(every), Item: 0}, Stage: event.StageDecode, Message: m})
		var got struct {
			Raw        string            `json:"raw"`
			Text       *string           `json:"text"`
			Attributes map[string]string `json:"attributes"`
			Detail     string            `json:"detail"`
			MessageID  string            `json:"message_id"`
			Item       *int              `json:"item"`
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		for _, c := range bytes.TrimSuffix(line, []byte("\n")) {
			if c < ' ' {
				t.Fatalf("control character %#x in the line", c)
			}
		}
		if decoded, err := base64.StdEncoding.DecodeString(got.Raw); err != nil || string(decoded) != string(data) {
			t.Errorf("raw does not bring back the message: %v", err)
		}
		if len(data) == 1 && got.Text != nil || len(data) != 1 && (got.Text == nil || *got.Text != string(data)) {
			t.Error("text is not the message")
		}
		if got.Attributes[string(every)] != string(every) || got.Detail != string(every) || got.MessageID != "a\nb" || got.Item == nil || *got.Item != 0 {
			t.Error("a string did not survive")
		}
	}
}
