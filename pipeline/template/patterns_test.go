package template

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/pipeline"
)

// accepts reports whether the program accepts a value of a flag.
func accepts(t rapid.TB, flag, value string) bool {
	t.Helper()
	args := []string{"--runner=dataflow", "--project=shop", "--region=europe-west4",
		"--redis_tls", "--" + flag + "=" + value}
	if !strings.HasSuffix(flag, "_subscription") {
		args = append(args, "--pos_subscription=pos")
	}
	options, err := pipeline.ParseFlags(args)
	if err != nil {
		return false
	}
	p, err := pipeline.New(context.Background(), options)
	if err == nil {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		return true
	}
	return !strings.Contains(err.Error(), "--"+flag+":")
}

// agree checks that the pattern and the program accept the same values. The values are nearly
// valid, where the two are most likely to differ.
func agree(t *testing.T, flag string, value *rapid.Generator[string]) {
	t.Helper()
	pattern := patternOf(t, flag)
	var both, neither int
	rapid.Check(t, func(t *rapid.T) {
		v := value.Draw(t, "value")
		matches, good := pattern.MatchString(v), accepts(t, flag, v)
		if matches != good {
			t.Fatalf("--%s=%q: the template accepts it: %v; the binary accepts it: %v", flag, v, matches, good)
		}
		if good {
			both++
		} else {
			neither++
		}
	})
	if !testing.Short() && (both < 5 || neither < 5) { // -short draws too few
		t.Errorf("%d values that both accept and %d that both refuse say little", both, neither)
	}
}

func patternOf(t *testing.T, flag string) *regexp.Regexp {
	t.Helper()
	for _, p := range parameters {
		if p.flag == flag {
			return regexp.MustCompile(p.regexes[0])
		}
	}
	t.Fatalf("%s is no parameter", flag)
	return nil
}

// mixed joins up to n of the pieces.
func mixed(n int, pieces ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, n).Draw(t, "pieces"), "")
	})
}

// TestPatterns checks every parameter with a pattern. Of subscriptions it checks full names: the program
// accepts ids too, and Dataflow does not.
func TestPatterns(t *testing.T) {
	subscription := rapid.OneOf(
		rapid.Map(mixed(5, "shop/", "subscriptions/", "topics/", "pos", "/", " ", "é", "\t", "-", "."),
			func(v string) string { return "projects/" + v }),
		rapid.StringMatching(`projects/[a-z]{1,3}/subscriptions/[a-zA-Z_.%-]{1,3}`),
		rapid.StringMatching(`projects/[a-z/ ]{0,4}/subscriptions/[a-zA-Z0-9_.~+% /-]{0,6}`))
	secret := rapid.OneOf(
		mixed(7, "projects/", "p/", "secrets/", "s/", "versions/", "latest", "3", "/", " ", "hunter2"),
		rapid.StringMatching(`projects/[a-z]{1,3}/secrets/[a-z_-]{1,3}/versions/[a-z0-9/]{0,3}`))
	for flag, value := range map[string]*rapid.Generator[string]{
		"pos_subscription": subscription, "ecom_subscription": subscription, "wms_subscription": subscription,
		"redis_password_secret": secret, "redis_ca": secret,
		"redis_addrs": rapid.OneOf(
			mixed(6, "redis", "10.0.0.3", ":6379", ":", ",", " ", "[::1]", "[", "]", "@", "\u00a0", "\v", "%", "_",
				":0", ":65535", ":65536", ":06379", ":abc"),
			rapid.StringMatching(`[a-z.-]{1,3}:[0-9]{1,6}( ?,{1,2} ?\[?[a-f0-9:]{0,4}\]?:[0-9]{1,5})?,?`)),
		"bigquery_dataset": rapid.OneOf(
			mixed(6, "shop", "retail", ".", ":", "example.com", "-", "_", "2", "A", " ", "é"),
			rapid.StringMatching(`([a-z.]{1,3}:)?([a-z0-9-]{1,3}\.)?[a-zA-Z0-9_-]{1,4}`)),
		// From zero, and far from what a duration holds, so that only the syntax counts.
		"high_demand_dwell": rapid.OneOf(
			mixed(6, "0", "1", "25", ".5", "7.", ".", "+", "h", "m", "s", "ms", "us", "µs", "μs",
				"ns", "d", " ", "e3", "H"),
			rapid.StringMatching(`\+?([0-9]{0,3}(\.[0-9]{0,2})?(ns|us|ms|s|m|h|d)?){1,3}`)),
		"online_store": rapid.OneOf(
			mixed(6, "online", "7", ":", "{", "}", "%", "/", " ", "é", "\t", "\u00a0", "\u200b", "\u2028",
				"\x00", "\x7f"),
			rapid.StringMatching(`[a-zA-Z0-9:/ .-]{0,6}`)),
	} {
		t.Run(flag, func(t *testing.T) { agree(t, flag, value) })
	}
	if !accepts(t, "pos_subscription", "pos") || patternOf(t, "pos_subscription").MatchString("pos") {
		t.Error("--pos_subscription: an id alone is for the program, and not for Dataflow")
	}
}

// TestNumberPattern checks that what the pattern of a number accepts is the same number to the program.
func TestNumberPattern(t *testing.T) {
	for _, p := range parameters {
		if p.kind != "NUMBER" {
			continue
		}
		pattern := regexp.MustCompile(p.regexes[0])
		rapid.Check(t, func(t *rapid.T) {
			v := rapid.StringMatching(`[-+]?(0x|0b|0)?[0-9_]{1,5}`).Draw(t, "value")
			if !pattern.MatchString(v) {
				return
			}
			decimal, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				t.Fatalf("--%s=%q: %v", p.flag, v, err)
			}
			if read, err := strconv.ParseInt(v, 0, 64); err != nil || read != decimal {
				t.Fatalf("--%s=%q is read as %d: %v", p.flag, v, read, err)
			}
		})
	}
}
