package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/alicebob/miniredis/v2"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// startPubSub starts a Pub/Sub server, sets the environment by which clients find it, and returns a
// client of it.
func startPubSub(t *testing.T) *Client {
	t.Helper()
	server := rig.ServePubSub(t, localpubsub.Options{})
	t.Setenv("PUBSUB_EMULATOR_HOST", server.Addr())
	client, err := Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// pull pulls n payloads from a subscription, in the order of delivery.
func pull(t *testing.T, id string, n int) (payloads []string) {
	t.Helper()
	for _, m := range rig.Pull(t, os.Getenv("PUBSUB_EMULATOR_HOST"), "projects/p/subscriptions/"+id, n) {
		payloads = append(payloads, string(m.GetData()))
	}
	return payloads
}

func run(t *testing.T, args ...string) (output string, summary Summary, err error) {
	t.Helper()
	options, err := parseOptions(args)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = Run(t.Context(), options, &out)
	if at := strings.Index(out.String(), "{"); at >= 0 {
		if err := json.Unmarshal(out.Bytes()[at:], &summary); err != nil {
			t.Fatalf("the summary is no JSON: %v\n%s", err, out.String())
		}
	}
	return out.String(), summary, err
}

func TestRunRoutesByType(t *testing.T) {
	startPubSub(t)
	path := write(t, "events.jsonl", fiveTypes)
	args := []string{"--input=" + path, "--project=p", "--pos_topic=pos", "--ecom_topic=ecom", "--wms_topic=wms",
		"--create"}
	_, summary, err := run(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.ReplaceAll(fiveTypes, "\n\n", "\n"), "\n")
	for id, want := range map[string][]string{"pos": lines[:1], "ecom": lines[1:3], "wms": lines[3:]} {
		if got := pull(t, id, len(want)); !slices.Equal(got, want) {
			t.Errorf("%s got %q, want %q", id, got, want)
		}
	}
	if summary.Events != 5 || summary.Published != 5 || summary.PublishedTo["projects/p/topics/ecom"] != 2 ||
		summary.Types["RESET"] != 1 || summary.Keys != 1 || summary.MaxQuantity != 100 || summary.MinQuantity != 1 ||
		!summary.First.Equal(time.UnixMilli(1700000000000)) || !summary.Last.Equal(time.UnixMilli(1700000000500)) ||
		summary.Check != nil {
		t.Errorf("summary %+v", summary)
	}
	if _, _, err := run(t, args...); err != nil {
		t.Errorf("creating what is there already: %v", err)
	}
}

// manySales returns a recording of n events: one count on each of a hundred products, then sales.
func manySales(n int) string {
	var b strings.Builder
	for i := range n {
		typ := "SALE"
		if i < 100 {
			typ = "RESET"
		}
		const format = `{"event_id":"%d","type":"%s","store_id":"%d","product_id":"%d","quantity":%d,"occurred_at":%d}`
		fmt.Fprintf(&b, format+"\n", i, typ, i%3, i%100+1, i%7, 1700000000000+i)
	}
	return b.String()
}

func TestRunPublishesEverythingInBatches(t *testing.T) {
	startPubSub(t)
	const n = 5000
	recording := manySales(n)
	_, summary, err := run(t, "--input="+write(t, "events.jsonl.gz", recording), "--project=p", "--pos_topic=all",
		"--wms_topic=all", "--create", "--duplicates=0.2", "--disorder=100", "--late=0.1")
	if err != nil {
		t.Fatal(err)
	}
	if summary.Events != n || summary.Published < n+800 || summary.Published > n+1200 {
		t.Errorf("published %d messages of %d events, want about 20 %% more", summary.Published, summary.Events)
	}
	got := pull(t, "all", int(summary.Published))
	distinct := slices.Compact(slices.Sorted(slices.Values(got)))
	want := slices.Sorted(strings.SplitSeq(strings.TrimSuffix(recording, "\n"), "\n"))
	if int64(len(got)) != summary.Published || !slices.Equal(distinct, want) {
		t.Errorf("got %d messages with %d distinct events, want %d with %d",
			len(got), len(distinct), summary.Published, len(want))
	}
}

func TestRunFails(t *testing.T) {
	startPubSub(t)
	path := write(t, "events.jsonl", fiveTypes)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no topic for a type": {[]string{"--pos_topic=pos", "--create"}, "has a VIEW, and no --ecom_topic is given"},
		"no such topic":       {[]string{"--pos_topic=none", "--limit=1"}, "publishing to projects/p/topics/none"},
		"no such file":        {[]string{"--input=" + path + ".none", "--pos_topic=pos"}, "no file matches"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := run(t, append([]string{"--project=p", "--input=" + path}, c.args...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) || out != "" {
				t.Errorf("got error %v and output %q, want %q", err, out, c.want)
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	startPubSub(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	options, err := parseOptions([]string{"--input=" + write(t, "events.jsonl", manySales(200)), "--project=p",
		"--pos_topic=all", "--wms_topic=all", "--create", "--rate=0.001"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(ctx, options, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want the context's", err)
	}
}

func TestDryRunPublishesNothing(t *testing.T) {
	t.Setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1") // no server listens there
	_, summary, err := run(t, "--input="+write(t, "events.jsonl", fiveTypes), "--dry_run", "--limit=4")
	if err != nil || summary.Events != 4 || summary.Published != 4 {
		t.Errorf("got %+v, %v", summary, err)
	}
}

func TestRunChecksTheStock(t *testing.T) {
	startPubSub(t)
	path := write(t, "events.jsonl", fiveTypes)
	const (
		right  = "stock keys checked against the truth: 1, wrong: 0, missing: 0"
		global = "global stock keys checked against the truth: 1, wrong: 0, missing: 0"
	)
	for _, c := range []struct {
		name  string
		spoil func(*miniredis.Miniredis)
		args  []string
		want  []string
		err   error
	}{
		{name: "right", spoil: func(*miniredis.Miniredis) {}, want: []string{right, global}},
		{name: "wrong", spoil: func(r *miniredis.Miniredis) { r.Set("stock:12:555", "98") }, err: ErrWrongStock,
			want: []string{
				"stock keys checked against the truth: 1, wrong: 1, missing: 0", `stock:12:555 is \"98\", want 108`,
			}},
		{name: "extra", spoil: func(r *miniredis.Miniredis) { r.Set("stock:1:1", "1") },
			args: []string{"--check_extra"}, err: ErrWrongStock, want: []string{right + ", extra: 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := miniredis.RunT(t)
			server.Set("stock:12:555", "108")
			server.HSet("{stock:12:555}:meta", "known", "1", "barrier", "1700000000000")
			server.Set("stock:global:555", "108")
			server.HSet("{stock:global:555}:meta", "known", "1", "barrier", "")
			c.spoil(server)
			args := []string{"--input=" + path, "--project=p", "--pos_topic=all", "--ecom_topic=all", "--wms_topic=all",
				"--create", "--check_redis=" + server.Addr(), "--check_timeout=1ms"}
			out, summary, err := run(t, append(args, c.args...)...)
			if !errors.Is(err, c.err) {
				t.Errorf("got error %v, want %v", err, c.err)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("got %s\nwithout %q", out, want)
				}
			}
			if summary.Check == nil || summary.Check.Stock.Keys != 1 || summary.Check.Global.Keys != 1 {
				t.Errorf("the summary has the check %+v", summary.Check)
			}
		})
	}
}

func TestRunWaitsForTheStock(t *testing.T) {
	client := startPubSub(t)
	server := miniredis.RunT(t)
	pipeline := make(chan error, 1)
	if err := client.Create(t.Context(), "projects/p/topics/all"); err != nil {
		t.Fatal(err)
	}
	go func() { // a pipeline that writes the correct stock once it has pulled
		_, err := client.subscriptions.Pull(t.Context(),
			&pubsubpb.PullRequest{Subscription: "projects/p/subscriptions/all", MaxMessages: 5})
		server.Set("stock:12:555", "108")
		server.HSet("{stock:12:555}:meta", "known", "1", "barrier", "1700000000000")
		server.Set("stock:global:555", "108")
		server.HSet("{stock:global:555}:meta", "known", "1", "barrier", "")
		pipeline <- err
	}()
	_, _, err := run(t, "--input="+write(t, "events.jsonl", fiveTypes), "--project=p", "--pos_topic=all",
		"--ecom_topic=all", "--wms_topic=all", "--check_redis="+server.Addr(), "--check_timeout=20s")
	if err := errors.Join(err, <-pipeline); err != nil {
		t.Error(err)
	}
}

func TestRunReportsThatRedisCannotBeRead(t *testing.T) {
	startPubSub(t)
	server := miniredis.RunT(t)
	server.SetError("LOADING dataset in memory")
	_, _, err := run(t, "--input="+write(t, "events.jsonl", fiveTypes), "--project=p", "--pos_topic=all",
		"--ecom_topic=all", "--wms_topic=all", "--create", "--check_redis="+server.Addr(), "--check_timeout=1ms")
	if err == nil || !strings.Contains(err.Error(), "LOADING") {
		t.Errorf("got error %v, want LOADING", err)
	}
}

func TestPublishAllSplitsByNumberAndSize(t *testing.T) {
	client := startPubSub(t)
	const topic = "projects/p/topics/all"
	if err := client.Create(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	var messages []*pubsubpb.PubsubMessage
	for range MaxMessages + 500 { // beyond the number of messages of one request
		messages = append(messages, &pubsubpb.PubsubMessage{Data: []byte("small")})
	}
	for range 5 { // two of them beyond the bytes of one request
		messages = append(messages, &pubsubpb.PubsubMessage{Data: make([]byte, maxBytes*2/3)})
	}
	n, err := client.PublishAll(t.Context(), topic, messages)
	if err != nil || n != len(messages) {
		t.Fatalf("published %d of %d messages, %v", n, len(messages), err)
	}
	if got := pull(t, "all", len(messages)); len(got) != len(messages) {
		t.Errorf("got %d of %d messages", len(got), len(messages))
	}
}
