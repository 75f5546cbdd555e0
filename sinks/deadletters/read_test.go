package deadletters_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/sinks/localfiles"
)

// write writes letters to local files in dir.
func write(t *testing.T, dir string, letters ...event.DeadLetter) {
	t.Helper()
	s, err := localfiles.Open(dir, localfiles.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := s.NewBatch()
	for _, l := range letters {
		b.DeadLetter(l)
	}
	if _, err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDeadLettersAreReadAsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ofItem := event.DeadLetter{
		Refusal: event.Refusal{Reason: event.BadField, Detail: `items[2].quantity: "x" is not a number`, Item: 2},
		Stage:   event.StageDecode,
		Message: &event.Message{
			Channel: event.POS, Data: []byte("{\"a\":\n\"ü\"}"),
			Attributes: map[string]string{"k": "v\n", "é": ""}, ID: "m-1",
			PublishedAt: 1_790_000_000_123,
		},
		FailedAt: 1_790_000_000_456,
	}
	ofFile := event.DeadLetter{
		Refusal: event.Refusal{Reason: event.BadJSON, Detail: "stock.csv:7: not UTF-8", Item: event.NoItem},
		Stage:   event.StageStock,
		Message: &event.Message{Channel: event.FILE, Data: []byte{0xff, 0, '\n'}, File: "stock.csv", Line: 7},
	}
	write(t, dir, ofItem, ofFile)
	var got []deadletters.Record
	for l, err := range deadletters.Read(dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l)
	}
	if len(got) != 2 {
		t.Fatalf("%d letters, want 2", len(got))
	}
	for i, want := range []event.DeadLetter{ofItem, ofFile} {
		l, m := got[i], want.Message
		if string(l.Raw) != string(m.Data) || l.Reason != want.Reason ||
			l.Detail != want.Detail || l.Stage != want.Stage ||
			l.Source != m.Channel.String() || !maps.Equal(l.Attributes, m.Attributes) ||
			l.FailedAt.UnixMilli() != want.FailedAt {
			t.Errorf("letter %d is %+v", i, l)
		}
		if l.Line != i+1 || !strings.HasPrefix(l.File, filepath.Join(dir, "dead_letters")+string(filepath.Separator)) {
			t.Errorf("letter %d stands in %s:%d", i, l.File, l.Line)
		}
	}
	first, second := got[0], got[1]
	if *first.Text != string(first.Raw) || *first.MessageID != "m-1" || *first.Item != 2 ||
		!first.PublishedAt.Equal(time.UnixMilli(1_790_000_000_123)) {
		t.Errorf("the letter of an item is %+v", first)
	}
	if second.Text != nil || second.MessageID != nil || second.Item != nil || second.PublishedAt != nil {
		t.Errorf("the letter of a file is %+v", second)
	}
}

func TestReadGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range deadletters.Read(dir) {
		t.Error("there are no dead letters")
	}
	folder := filepath.Join(dir, "dead_letters")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"2026b.jsonl": `{"reason":"third"}` + "\n" + `{"reason":"incompl`, // being written
		"2026a.jsonl": `{"reason":"first"}` + "\nbroken\n" + `{"reason":"second"}` + "\n",
		"notes.txt":   "of someone else",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for l, err := range deadletters.Read(dir) {
		if err != nil {
			if !strings.Contains(err.Error(), "2026a.jsonl:2") || l.Line != 2 ||
				filepath.Base(l.File) != "2026a.jsonl" {
				t.Errorf("%s:%d: %v", l.File, l.Line, err)
			}
			got = append(got, "error")
			continue
		}
		got = append(got, string(l.Reason))
	}
	if strings.Join(got, " ") != "first error second third" {
		t.Errorf("read %q", got)
	}
	for range deadletters.Read(dir) { // a reader may stop
		break
	}
}

func TestReadOfNoFolder(t *testing.T) {
	t.Parallel()
	n := 0
	for _, err := range deadletters.Read(filepath.Join(t.TempDir(), "typo")) {
		if err == nil || !strings.Contains(err.Error(), "typo") {
			t.Errorf("a folder that does not exist: %v", err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d results, want one error", n)
	}
}

func TestDeadLettersWithoutFolderStandInTheCurrentOne(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "", event.DeadLetter{Refusal: event.Refusal{Reason: event.BadID},
		Message: &event.Message{Channel: event.WMS}})
	for l, err := range deadletters.Read("") {
		if err != nil || l.Reason != event.BadID || filepath.Dir(l.File) != "dead_letters" {
			t.Errorf("%+v, %v", l, err)
		}
	}
}
