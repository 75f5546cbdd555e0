package rows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestDeadLetterJSON(t *testing.T) {
	pubsub := &event.Message{Channel: event.ECOM, Data: []byte("{\"a\":\"ä<\\n\"}\n"),
		Attributes: map[string]string{"z": "1", "b": "\"q\""}, ID: "m7", PublishedAt: 1_772_366_400_000 + 7}
	file := &event.Message{Channel: event.FILE, Data: []byte("\xff\x00"), File: "a.csv", Line: 3}
	for _, c := range []struct {
		letter event.DeadLetter
		want   string
	}{
		{
			event.DeadLetter{
				Refusal: event.Refusal{Reason: event.BadField,
					Detail: `items[2].quantity: "x" is not a number`, Item: 2},
				Stage: event.StageDecode, Message: pubsub, FailedAt: 1_772_366_400_000 + 1234,
			},
			`{"raw":"eyJhIjoiw6Q8XG4ifQo=","text":"{\"a\":\"ä<\\n\"}\n","attributes":{"b":"\"q\"","z":"1"},` +
				`"reason":"BAD_FIELD",` +
				`"detail":"items[2].quantity: \"x\" is not a number","stage":"decode","source":"ECOM",` +
				`"message_id":"m7","item":2,` +
				`"published_at":"2026-03-01T12:00:00.007Z","failed_at":"2026-03-01T12:00:01.234Z"}`,
		},
		{
			event.DeadLetter{
				Refusal: event.Refusal{Reason: event.BadJSON,
					Detail: "CSV: invalid UTF-8 (\xffa.csv:3)", Item: event.NoItem},
				Stage: event.StageStock, Message: file, FailedAt: 1_772_366_400_000,
			},
			`{"raw":"/wA=","text":null,"attributes":{},"reason":"BAD_JSON","detail":"CSV: invalid UTF-8 (` + "\ufffd" +
				`a.csv:3)","stage":"stock","source":"FILE",` +
				`"message_id":null,"item":null,"published_at":null,"failed_at":"2026-03-01T12:00:00.000Z"}`,
		},
	} {
		if got := letterLine(c.letter); string(got) != c.want+"\n" {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}

func letterLine(l event.DeadLetter) []byte {
	return line(DeadLetters, func(b *Batch) { b.DeadLetter(l) })
}

// TestDeadLetterMessage: a letter that is too large for a row of BigQuery goes without its text, or
// cut, and says so.
func TestDeadLetterMessage(t *testing.T) {
	const limit = 4000
	for _, n := range []int{0, 1000, 1800, 2500, 3700, 3900, 4000, 4100, 100_000} {
		data := bytes.Repeat([]byte("a"), n)
		l := event.DeadLetter{
			Refusal: event.Refusal{Reason: event.TooLarge,
				Detail: "the message has too many bytes", Item: event.NoItem},
			Stage:    event.StageDecode,
			Message:  &event.Message{Channel: event.WMS, Data: data, ID: "m", Attributes: map[string]string{"a": "b"}},
			FailedAt: 1_790_000_000_456,
		}
		b := NewMessages(limit)
		b.DeadLetter(l)
		message := b.Messages(DeadLetters)[0]
		if len(message) > limit {
			t.Errorf("the row of a letter of %d bytes has %d", n, len(message))
		}
		line, err := DeadLetters.JSON(message)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Raw        []byte            `json:"raw"`
			Text       *string           `json:"text"`
			Attributes map[string]string `json:"attributes"`
			Detail     string            `json:"detail"`
			MessageID  *string           `json:"message_id"`
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(data, got.Raw) || got.MessageID == nil || got.Attributes["a"] != "b" {
			t.Errorf("%d bytes became %s", n, line)
		}
		note := fmt.Sprintf("only the first %d of %d bytes are kept here", len(got.Raw), n)
		if cut := len(got.Raw) < n; cut != strings.Contains(got.Detail, note) || cut != (n > 3900) || cut &&
			len(got.Raw) < limit-400 {
			t.Errorf("%d bytes: %d are kept, detail %q", n, len(got.Raw), got.Detail)
		}
		if whole := got.Text != nil; whole != (n < 1900) {
			t.Errorf("%d bytes: text is there: %v", n, whole)
		}
		if len(l.Message.Data) != n || l.Detail != "the message has too many bytes" {
			t.Error("the letter itself was changed")
		}
	}
}
