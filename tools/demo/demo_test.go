package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// patience is how long a demo may take on a slow and busy machine.
const patience = 90 * time.Second

// play runs a small and fast demo until enough returns true for a status, and returns its output.
// It calls meanwhile, if not nil, with the demo at the first status after a check.
func play(t *testing.T, enough func(status) bool, meanwhile func(*Demo), args ...string) (output string, err error) {
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
	var last status
	seen := false
	d.shown = func(s status) {
		if (last.Truth == nil || last.Truth.Keys == 0) && s.Truth.Keys > 0 && meanwhile != nil {
			meanwhile(d)
		}
		last = s
		if !seen && s.Truth.Keys > 0 && enough(s) {
			seen = true
			stop()
		}
	}
	err = d.Run(ctx)
	if !seen {
		t.Errorf("not enough was seen within %v; the last status was %+v", patience, last)
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

func TestTheDemoPlaysEverythingAndNothingIsWrong(t *testing.T) {
	startAll := func(d *Demo) {
		d.feed.outage.lasts = 2 * time.Second
		for _, scenario := range scenarios(true) {
			if p, err := d.feed.start(t.Context(), scenario.Name); err != nil || !p.Running {
				t.Errorf("%s: %+v, %v", scenario.Name, p, err)
			}
		}
		replayLetters(t, d)
	}
	enough := func(s status) bool {
		for name, p := range s.Scenarios {
			if p.Running && name != "viral" {
				return false
			}
		}
		return len(s.Scenarios) == len(scenarios(true)) &&
			s.BadgeChanges > 0 && s.RefusedTotal > 0 && s.LatencyMs != nil && s.LatencyMs.P50 > 0 && s.rate > 0
	}
	output, err := play(t, enough, startAll)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if checked, wrong := closingLine(t, output); checked < 5*39 || wrong != 0 {
		t.Errorf("%d checked, %d wrong", checked, wrong)
	}
	for _, want := range []string{
		` events/s  p50 .* keys checked against the truth, 0 wrong\n`, `first signal after `,
		`Late count: .* holds.\n`, `Redis outage: Redis is back`,
		`Duplicate storm: Each message is delivered only once`, `Till offline: The sales of till`, `Viral product: `,
		`dead letters checked against the truth: [1-9]\d*, wrong: 0\n`,
		`velocity keys checked against the truth: [1-9]\d*, wrong: 0\n`,
	} {
		if !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("no %s in\n%s", want, output)
		}
	}
}

// replayLetters replays a repaired letter of each channel, and what cannot be replayed.
func replayLetters(t *testing.T, d *Demo) {
	t.Helper()
	now, shop := d.feed.clock.NowMs(), d.feed.world.Stores()[0].ID
	refusal := event.Refusal{Reason: event.BadJSON, Item: event.NoItem}
	for i, c := range []struct {
		channel event.Channel
		text    string
	}{
		{event.POS, `{"order_number":"mended","store_id":"%s","product_id":40001,"product_count":3,"timestamp":%d}`},
		{event.WMS, `{"event_id":"mended","type":"RESET","store_id":"%s","sku":"40002","count":77,"counted_at":%d}`},
		{event.WMS, `{"store_id":"%s","product_id":40003,"count":5,"timestamp":%d}`}, // without an id of its own
		{event.ECOM, `{"event":"view_item","store_id":"%s","timestamp":%d,"ecommerce":{"items":[{"item_id":"4"}]}}`},
	} {
		text := fmt.Sprintf(c.text, shop, now)
		l := event.DeadLetter{Refusal: refusal, Stage: event.StageDecode,
			Message: &event.Message{Channel: c.channel, Format: c.channel.Format(), Data: []byte(text[1:]),
				ID: fmt.Sprint("letter-", i)}}
		_, err := d.feed.replay(t.Context(), l, l.Message.Data)
		if refused, ok := errors.AsType[*page.RefusedError](err); !ok || refused.Reason != event.BadJSON {
			t.Errorf("letter %d as it was: %v", i, err)
		}
		if id, err := d.feed.replay(t.Context(), l, []byte(text)); err != nil || id == "" {
			t.Errorf("letter %d, repaired: %q, %v", i, id, err)
		}
		if _, err := d.feed.replay(t.Context(), l, []byte(text)); err == nil {
			t.Errorf("letter %d was replayed twice", i)
		}
	}
}

func TestTheDemoListsWhatIsWrong(t *testing.T) {
	compared := func(status) bool { return true }
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
	addrs := strings.Join(redistest.StartCluster(t).Addrs(), ",")
	output, err := play(t, func(status) bool { return true }, nil, "--redis_addrs="+addrs)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if checked, wrong := closingLine(t, output); checked < 5*39 || wrong != 0 {
		t.Errorf("%d checked, %d wrong", checked, wrong)
	}
}
