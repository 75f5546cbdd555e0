package event

import (
	"encoding/base64"
	"encoding/json"
	"testing"
)

func TestDeadLetterJSON(t *testing.T) {
	pubsub := &Message{Channel: ECOM, Data: []byte("{\"a\":\"ä<\\n\"}\n"), Attributes: map[string]string{"z": "1", "b": "\"q\""}, ID: "m7", PublishedAt: testNow + 7}
	file := &Message{Channel: FILE, Data: []byte("\xff\x00"), File: "a.csv", Line: 3}
	for _, c := range []struct {
		letter DeadLetter
		want   string
	}{
		{
			DeadLetter{Refusal{BadField, `items[2].quantity: "x" is not a number`, 2}, StageDecode, pubsub, testNow + 1234},
			`{"raw":"eyJhIjoiw6Q8XG4ifQo=","text":"{\"a\":\"ä<\\n\"}\n","attributes":{"b":"\"q\"","z":"1"},"reason":"BAD_FIELD",` +
				`"detail":"items[2].quantity: \"x\" is not a number","stage":"decode","source":"ECOM","message_id":"m7","item":2,` +
				`"published_at":"2026-03-01T12:00:00.007Z","failed_at":"2026-03-01T12:00:01.234Z"}`,
		},
		{
			DeadLetter{Refusal{BadJSON, "CSV: invalid UTF-8 (\xffa.csv:3)", NoItem}, StageStock, file, testNow},
			`{"raw":"/wA=","text":null,"attributes":{},"reason":"BAD_JSON","detail":"CSV: invalid UTF-8 (` + "\ufffd" + `a.csv:3)","stage":"stock","source":"FILE",` +
				`"message_id":null,"item":null,"published_at":null,"failed_at":"2026-03-01T12:00:00.000Z"}`,
		},
	} {
		got := c.letter.AppendJSON([]byte("before "))
		if string(got) != "before "+c.want {
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
		m := &Message{Channel: POS, Data: data, Attributes: map[string]string{string(every): string(every), "\xff": "\xff"}, ID: "a\nb"}
		line := DeadLetter{Refusal: Refusal{Reason: BadJSON, Detail: string(every), Item: 0}, Stage: StageDecode, Message: m}.AppendJSON(nil)
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
		for _, c := range line {
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
