package demo

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/tools/demo/liveview"
)

// patience is how long a demo may take on a slow and busy machine.
const patience = 90 * time.Second

// play runs a small and fast demo until enough returns true for a frame, and returns its output. It
// calls meanwhile, if not nil, with the demo at that frame.
func play(t *testing.T, enough func(liveview.Frame) bool, meanwhile func(*Demo),
	args ...string) (output string, err error) {
	t.Helper()
	o, err := parseOptions(append([]string{
		"--clock_speed=600", "--events_per_second=300", "--shops=4", "--products=40", "--seed=3",
	}, args...))
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	d, err := New(ctx, o, stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(d.Log(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	seen := false
	d.shown = func(f liveview.Frame) {
		if !seen && enough(f) {
			seen = true
			if meanwhile != nil {
				meanwhile(d)
			}
			stop()
		}
	}
	err = d.Run(ctx)
	if !seen {
		t.Errorf("not enough was seen within %v; the last frame was %+v", patience, d.frame)
	}
	for name, addr := range map[string]string{"Pub/Sub": d.bus.server.Addr(), "Redis": d.store.config.String()} {
		if len(o.RedisAddrs) > 0 && name == "Redis" {
			continue
		}
		if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr); err == nil {
			c.Close()
			t.Errorf("%s still listens at %s", name, addr)
		}
	}
	if _, err := os.Stat(d.temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary folder is still there (%v)", err)
	}
	printed, readErr := os.ReadFile(stdout.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(printed), err
}

var closing = regexp.MustCompile(`stock keys checked against the truth: (\d+), wrong: (\d+)\n$`)

// closingLine returns the numbers in the last line of the output.
func closingLine(t *testing.T, output string) (checked, wrong int) {
	t.Helper()
	found := closing.FindStringSubmatch(output)
	if found == nil {
		t.Fatalf("the output does not end with the closing line:\n%s", output)
	}
	checked, _ = strconv.Atoi(found[1]) // digits
	wrong, _ = strconv.Atoi(found[2])
	return checked, wrong
}

func refusedIn(f liveview.Frame) (n int64) {
	for _, c := range f.Refused {
		n += c.N
	}
	return n
}

func TestTheDemoShowsEverythingAndNothingIsWrong(t *testing.T) {
	const within = 3 * time.Hour // of the clock
	var badgeAt time.Duration
	low := false
	var started time.Time
	enough := func(f liveview.Frame) bool {
		if started.IsZero() {
			started = f.Clock
		}
		for _, p := range f.Products {
			low = low || p.LowIn != ""
			for _, b := range p.Badges {
				if b == signal.HighDemand && badgeAt == 0 {
					badgeAt = f.Clock.Sub(started)
				}
			}
		}
		return badgeAt > 0 && low && refusedIn(f) > 0 && f.Checked > 0 && f.P50 > 0 && f.EventsPerSecond > 0
	}
	output, err := play(t, enough, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if checked, wrong := closingLine(t, output); checked < 5*39 || wrong != 0 {
		t.Errorf("%d checked, %d wrong", checked, wrong)
	}
	if badgeAt > within {
		t.Errorf("the first badge came after %v of the clock, want at most %v", badgeAt, within)
	}
	for _, want := range []string{
		"busiest ", "products that had HIGH_DEMAND: ", "first signal after ",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
	for _, what := range []string{"dead letters", "velocity keys"} {
		if !regexp.MustCompile(what + ` checked against the truth: [1-9]\d*, wrong: 0\n`).MatchString(output) {
			t.Errorf("no %s in\n%s", what, output)
		}
	}
}

func TestTheDemoListsWhatIsWrong(t *testing.T) {
	compared := func(f liveview.Frame) bool { return f.Checked > 0 }
	spoil := func(d *Demo) {
		if err := d.store.client.Set(t.Context(), "stock:nowhere:40001", "1", 0).Err(); err != nil {
			t.Error(err)
		}
	}
	dir := t.TempDir()
	output, err := play(t, compared, spoil, "--warehouse_dir="+dir)
	if !errors.Is(err, ErrWrong) {
		t.Errorf("error %v", err)
	}
	if checked, wrong := closingLine(t, output); checked == 0 || wrong != 1 {
		t.Errorf("%d checked, %d wrong", checked, wrong)
	}
	if !strings.Contains(output, "stock:nowhere:40001") || !strings.Contains(output, dir) {
		t.Errorf("neither the wrong key nor the folder that stays is named in\n%s", output)
	}
	if letters, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl")); err != nil || len(letters) == 0 {
		t.Errorf("the folder keeps %v, %v", letters, err)
	}
}

func TestTheDemoOnACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes seconds to start")
	}
	compared := func(f liveview.Frame) bool { return f.Checked > 0 && len(f.Products) > 0 }
	output, err := play(t, compared, nil, "--redis_addrs="+strings.Join(redistest.StartCluster(t).Addrs(), ","))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if checked, wrong := closingLine(t, output); checked < 5*39 || wrong != 0 {
		t.Errorf("%d checked, %d wrong", checked, wrong)
	}
}
