package publish

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func TestPublish(t *testing.T) {
	server := rig.ServePubSub(t, localpubsub.Options{})
	if err := server.Create("shop", "pos:pos"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PUBSUB_EMULATOR_HOST", server.Addr())
	for _, c := range []struct {
		args []string
		in   string
		out  string
		err  string
	}{
		{args: []string{"--project=shop", "--topic=pos", "{}", "no JSON"}, in: "not read",
			out: "published to projects/shop/topics/pos: 2\n"},
		{args: []string{"--topic=projects/shop/topics/pos"}, in: "a\n\nb\nc",
			out: "published to projects/shop/topics/pos: 3\n"},
		{args: []string{"--project=shop", "--topic=pos"}, err: "nothing to publish"},
		{args: []string{"--topic=pos", "x"}, err: "--topic: "},
		{args: []string{"--project=shop", "--topic=none", "x"},
			err: "after 0 of 1 messages: publishing to projects/shop/topics/none"},
		{args: []string{"--project=shop", "--topic=pos", strings.Repeat("x", maxMessage+1)},
			err: "message 1 has 10000001 bytes"},
		{args: []string{"--project=shop", "--topic=pos"}, in: "a\n" + strings.Repeat("x", maxMessage+2),
			err: "read message 2: "},
	} {
		var out bytes.Buffer
		err := run(t.Context(), c.args, strings.NewReader(c.in), &out)
		if out.String() != c.out || (err == nil) != (c.err == "") ||
			err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%.100q: %v, %q; want %q, %q", c.args, err, out.String(), c.err, c.out)
		}
	}
	s, err := server.Stats(localpubsub.SubscriptionName("shop", "pos"))
	if err != nil || s.Backlog != 5 {
		t.Errorf("the subscription has %+v, %v", s, err)
	}
}

// run publishes by a command line.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	var o Options
	if err := config.Parse(&o, args, nil); err != nil {
		return err
	}
	return Run(ctx, o, in, out)
}

// TestNobodyIsThere checks that the error comes within seconds, with the address and the variable
// that names it.
func TestNobodyIsThere(t *testing.T) {
	gone, err := localpubsub.Start(localpubsub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	addr := gone.Addr()
	gone.Close()
	t.Setenv("PUBSUB_EMULATOR_HOST", addr)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = run(ctx, []string{"--project=shop", "--topic=pos", "x"}, nil, io.Discard)
	if ctx.Err() != nil {
		t.Fatal("it waits for a server")
	}
	for _, want := range []string{
		"Pub/Sub at " + addr + ": Unavailable: ", "connection refused", "PUBSUB_EMULATOR_HOST names it",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v has no %q", err, want)
		}
	}
}
