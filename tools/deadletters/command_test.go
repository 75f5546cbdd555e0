package deadletters

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// warehouse writes letters as the pipeline does, one file each, and returns the folder.
func warehouse(t *testing.T, letters ...event.DeadLetter) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dead_letters"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, l := range letters {
		name := filepath.Join(dir, "dead_letters", string(rune('a'+i))+".jsonl")
		b := rows.NewLines()
		b.DeadLetter(l)
		if err := os.WriteFile(name, b.Lines(rows.DeadLetters), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func deadLetter(channel event.Channel, reason event.Reason, item int, failedAt int64,
	m event.Message) event.DeadLetter {
	m.Channel = channel
	return event.DeadLetter{
		Refusal: event.Refusal{Reason: reason, Detail: "timestamp: \"\x1byesterday\" cannot be read", Item: item},
		Stage:   event.StageDecode, Message: &m, FailedAt: failedAt,
	}
}

const (
	badTime  = `{"order_number":"A","store_id":"12","product_id":"1","product_count":6,"timestamp":"yesterday"}`
	repaired = `{"order_number":"A","store_id":"12","product_id":"1","product_count":6,"timestamp":1700000000000}`
	ahead    = `{"store_id":"12","product_id":"1","count":6,"timestamp":1900000000000}`
)

// threeLetters writes letters from a till, a file and the warehouse management, and returns the
// folder.
func threeLetters(t *testing.T) string {
	return warehouse(t,
		deadLetter(event.POS, event.BadTime, event.NoItem, 1_700_000_000_000, event.Message{
			Data: []byte(badTime), ID: "m1", PublishedAt: 1_699_999_999_000,
			Attributes: map[string]string{"till": "7"}}),
		deadLetter(event.FILE, event.BadJSON, event.NoItem, 1_700_000_060_000,
			event.Message{Data: []byte("\xff12,1,6"), File: "s.csv", Line: 3}),
		deadLetter(event.WMS, event.Future, event.NoItem, 1_700_000_120_000,
			event.Message{Data: []byte(ahead), ID: "m3"}),
	)
}

func runCommand(t *testing.T, args ...string) (out, errOut string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	command := map[string]interface {
		config.Options
		Run(ctx context.Context, out, errOut io.Writer) error
	}{"list": &List{}, "show": &Show{}, "replay": &Replay{}}[args[0]]
	if err = config.Parse(command, args[1:], nil); err == nil {
		err = command.Run(t.Context(), &o, &e)
	}
	return o.String(), e.String(), err
}

// listed returns the numbers in the first column of a list.
func listed(list string) string {
	var column []string
	for line := range strings.Lines(list) {
		if n, _, _ := strings.Cut(line, " "); n != "N" {
			column = append(column, n)
		}
	}
	return strings.Join(column, " ")
}

func TestList(t *testing.T) {
	dir := threeLetters(t)
	out, _, err := runCommand(t, "list", "--warehouse_dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	want := "1  2023-11-14T22:13:20Z  BAD_TIME  decode  POS     m1        -     " +
		`timestamp: "\x1byesterday" cannot be read`
	if !strings.Contains(out, want+"\n") || listed(out) != "1 2 3" {
		t.Errorf("got\n%s\nwant the row\n%s", out, want)
	}
	for _, c := range []struct{ args, want string }{
		{"--reason=bad_time,FUTURE", "1 3"},
		{"--source=file", "2"},
		{"--since=2023-11-14T22:14:20Z", "2 3"},
		{"--since=2023-11-14T22:14:20Z --source=WMS,POS", "3"},
		{"--since=1h", ""},
		{"--reason=ID_REUSED", ""},
	} {
		out, _, err := runCommand(t, append([]string{"list", "--warehouse_dir=" + dir}, strings.Fields(c.args)...)...)
		if err != nil || listed(out) != c.want {
			t.Errorf("%s: got rows %q, %v, want %q", c.args, listed(out), err, c.want)
		}
	}
}

func TestListJSON(t *testing.T) {
	out, _, err := runCommand(t, "list", "--warehouse_dir="+threeLetters(t), "--json", "--source=POS")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		N    int
		ID   string `json:"event_id"`
		Raw  []byte
		Text string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil ||
		got.N != 1 || got.ID != "m1" || string(got.Raw) != badTime || got.Text != badTime {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestListPassesOverWhatCannotBeRead(t *testing.T) {
	dir := threeLetters(t)
	broken := filepath.Join(dir, "dead_letters", "b.jsonl")
	if err := os.WriteFile(broken, []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, warnings, err := runCommand(t, "list", "--warehouse_dir="+dir)
	if err != nil || listed(out) != "1 2" || !strings.Contains(warnings, broken+":1") {
		t.Errorf("got rows %q, warnings %q, %v", listed(out), warnings, err)
	}
	empty := t.TempDir()
	if err := os.Mkdir(filepath.Join(empty, "events"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(dir, "none"), empty, filepath.Join(dir, "dead_letters")} {
		for _, command := range []string{"list", "show 1", "replay --all"} {
			_, _, err := runCommand(t, append(strings.Fields(command), "--warehouse_dir="+folder)...)
			if err == nil || !strings.Contains(err.Error(), folder) {
				t.Errorf("%s in a folder without dead letters: %v", command, err)
			}
		}
	}
}

func TestShow(t *testing.T) {
	dir := threeLetters(t)
	out, _, err := runCommand(t, "show", "1", "--warehouse_dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a.jsonl:1)", "reason:       BAD_TIME", "message id:   m1", "event id:     m1",
		"published at: 2023-11-14T22:13:19Z", "attribute:    till=7", badTime, `"\x1byesterday`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwithout %q", out, want)
		}
	}
	out, _, err = runCommand(t, "show", "--warehouse_dir="+dir, "2")
	if err != nil || !strings.Contains(out, "ff 31 32 2c 31 2c 36") {
		t.Errorf("got %s, %v, want a hex dump", out, err)
	}
}

func TestCommandLineErrors(t *testing.T) {
	dir := threeLetters(t)
	for _, c := range []struct{ args, want string }{
		{"list --reason=SILLY", "the reasons are"},
		{"list --source=TILL", "the sources are"},
		{"list --since=monday", "neither a time"},
		{"list --all", "-all"},
		{"list --bigquery_dataset=p.d", "give one"},
		{"list 3", `unexpected argument "3"`},
		{"show", "give the number of one letter"},
		{"show 4", "there is no letter"},
		{"show 0", "there is no letter"},
		{"show x", "there is no letter"},
		{"replay", "choose letters"},
		{"replay --all --n=1", "choose letters"},
		{"replay --n=1", "letter 1 is from POS: give --pos_topic"},
		{"replay --all --project=p --pos_topic=pos --wms_topic=wms",
			"letter 2 is from FILE: give --file_topic, a topic whose"},
		{"replay --n=1 --pos_topic=pos", "needs --project"},
		{"replay --n=1,2 --data=" + os.DevNull, "--data repairs one letter"},
		{"replay --all --data=" + os.DevNull, "--data repairs one letter"},
		{"replay --n=1 --data=none.json", "read the repaired payload"},
		{"replay --n=1 --new_id", "--new_id needs --data"},
	} {
		args := strings.Fields(c.args)
		if len(args) > 1 || c.args == "show" || c.args == "replay" {
			args = append(args, "--warehouse_dir="+dir)
		}
		out, _, err := runCommand(t, args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || out != "" {
			t.Errorf("%q: got error %v and output %q, want %q", c.args, err, out, c.want)
		}
	}
}
