package replay

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
)

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
		{"--input=x --pos_topic=projects/p/topics/t --check_redis=foo", []string{`--check_redis: "foo"`}},
		{"--speed=1", []string{"-speed"}},
		{"--limit=many", []string{"-limit"}},
	} {
		_, err := parseOptions(strings.Fields(c.args))
		if err == nil {
			t.Errorf("%s: no error", c.args)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %q, want %q in it", c.args, err, want)
			}
		}
	}
}

// parseOptions returns the options on a command line.
func parseOptions(args []string) (Options, error) {
	o := DefaultOptions()
	err := config.Parse(&o, args, nil)
	return o, err
}
