package replay

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

func TestParseOptions(t *testing.T) {
	got, err := ParseOptions([]string{
		"--input=a.jsonl", "--project=p", "--pos_topic=pos",
		"--wms_topic=projects/q/topics/wms", "--create", "--rate=1000", "--limit=5", "--duplicates=0.1", "--late=1",
		"--disorder=7", "--seed=3", "--check_redis=a:1, b:2", "--check_timeout=5s", "--check_extra",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := Options{
		input:       []string{"a.jsonl"},
		disturbance: disturbance{limit: 5, duplicates: 0.1, late: 1, disorder: 7, seed: 3}, rate: 1000,
		topics: map[event.Channel]string{event.POS: "projects/p/topics/pos", event.WMS: "projects/q/topics/wms"}, create: true,
		checkRedis: []string{"a:1", "b:2"}, checkTimeout: 5 * time.Second, checkExtra: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseOptionsListsEverythingThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"", []string{"--input is needed", "no topic is given"}},
		{"--input=x --pos_topic=pos", []string{"--pos_topic: ", "needs --project"}},
		{"--input=x --dry_run --ecom_topic=a/b", []string{"--ecom_topic: ", "neither a topic id nor"}},
		{"--input=x --dry_run --ecom_topic=projects//topics/x", []string{"--ecom_topic: "}},
		{"--input=x --dry_run --rate=-1 --limit=-1 --duplicates=1.1 --late=NaN --disorder=-1",
			[]string{"--rate=-1", "--limit=-1", "--duplicates=1.1", "--late=NaN", "--disorder=-1"}},
		{"--input=x --dry_run --rate=Inf", []string{"--rate=+Inf"}},
		{"--input=x --dry_run --check_timeout=-1s --check_extra",
			[]string{"--check_timeout=-1s", "--check_timeout needs", "--check_extra needs"}},
		{"--input=x --dry_run --check_redis=a:1", []string{"--check_redis and --dry_run"}},
		{"--input=x --dry_run more", []string{`unexpected argument "more"`}},
		{"--speed=1", []string{"-speed"}},
		{"--limit=many", []string{"-limit"}},
	} {
		var output bytes.Buffer
		_, err := ParseOptions(strings.Fields(c.args), &output)
		if err == nil {
			t.Errorf("%s: no error", c.args)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %q, want %q in it", c.args, err, want)
			}
		}
		if output.Len() > 0 {
			t.Errorf("%s: wrote %q", c.args, output.String())
		}
	}
}

func TestHelp(t *testing.T) {
	var output bytes.Buffer
	if _, err := ParseOptions([]string{"--help"}, &output); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got error %v, want ErrHelp", err)
	}
	if !strings.Contains(output.String(), "-check_redis addresses") {
		t.Errorf("the help is %q", output.String())
	}
}
