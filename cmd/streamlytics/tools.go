package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/spf13/cobra"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/tools/deadletters"
	"github.com/beamlytics/streamlytics/tools/demo"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
	"github.com/beamlytics/streamlytics/tools/pubsub/publish"
	"github.com/beamlytics/streamlytics/tools/pubsub/setup"
	"github.com/beamlytics/streamlytics/tools/replay"
	"github.com/beamlytics/streamlytics/tools/serve"
	"github.com/beamlytics/streamlytics/tools/simulate"
)

func (cs *commands) demo() *cobra.Command {
	o, log := demo.DefaultOptions(), config.DefaultLog(slog.LevelWarn)
	return cs.logging(&cobra.Command{
		Use:   "demo [flags]",
		Short: "Run a simulated retailer, the pipeline and a Redis in this process",
		Long: "Demo simulates a retailer, runs the pipeline on its events and compares every stock key with the\n" +
			"truth. It prints the address of a page that shows all of that and plays scenarios. It needs no\n" +
			"account, no server and no Docker. Ctrl-C ends it with the result.",
		Example: "  streamlytics demo\n  streamlytics demo --clock_speed=600 --scenario=late_count,viral --duration=1m",
	}, &o, &log, func(ctx context.Context) error {
		beam.Init()
		process.RaiseMaxProcs()
		return demo.Run(ctx, o, log, os.Stdout, os.Stderr)
	})
}

func (cs *commands) deadLetters() *cobra.Command {
	var list deadletters.List
	var show deadletters.Show
	var again deadletters.Replay
	return group(&cobra.Command{
		Use:   "deadletters COMMAND",
		Short: "List, show and replay what the pipeline refused",
		Example: `  streamlytics deadletters list --warehouse_dir=warehouse --reason=BAD_TIME --since=24h
  streamlytics deadletters show --warehouse_dir=warehouse 1
  streamlytics deadletters replay --warehouse_dir=warehouse --n=1 --data=repaired.json --project=shop --pos_topic=pos`,
	},
		cs.tool(&cobra.Command{Use: "list [flags]", Short: "Print a row for each dead letter"}, &list,
			func(ctx context.Context) error { return list.Run(ctx, os.Stdout, os.Stderr) }),
		cs.tool(&cobra.Command{
			Use:   "show [flags] N",
			Short: "Print everything about dead letter N, with its payload",
		}, &show,
			func(ctx context.Context) error { return show.Run(ctx, os.Stdout, os.Stderr) }),
		cs.tool(&cobra.Command{
			Use:   "replay [flags]",
			Short: "Publish the messages of dead letters again",
			Long: "Replay publishes the messages of dead letters again, repaired if a file is given, under the\n" +
				"ids that their items had the first time. What would be refused again is not published.",
			Example: "  streamlytics deadletters replay --warehouse_dir=warehouse --source=POS --dry_run\\\n" +
				"    --project=shop --pos_topic=pos",
		}, &again, func(ctx context.Context) error { return again.Run(ctx, os.Stdout, os.Stderr) }),
	)
}

func (cs *commands) replay() *cobra.Command {
	o := replay.DefaultOptions()
	return cs.tool(&cobra.Command{
		Use:   "replay [flags]",
		Short: "Publish recorded events, and compare the stock in Redis with them",
		Long: "Replay publishes recorded events to the topics of the pipeline at a chosen rate, if required with\n" +
			"duplicates and in disorder, and compares the stock in Redis with a sum of its own.",
		Example: "  streamlytics replay --input=events.jsonl --project=shop --pos_topic=pos --ecom_topic=ecom\\\n" +
			"    --wms_topic=wms --duplicates=0.5 --disorder=10 --check_redis=127.0.0.1:6379",
	}, &o, func(ctx context.Context) error { return replay.Run(ctx, o, os.Stdout) })
}

func (cs *commands) serve() *cobra.Command {
	o, log := serve.DefaultOptions(), config.DefaultLog(slog.LevelInfo)
	return cs.logging(&cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve the signals over HTTP",
		Long: "Serve answers requests for signals over HTTP, one product, a list, or a stream of changes, until\n" +
			"SIGINT or SIGTERM. It only reads Redis. /openapi.json describes the requests.",
		Example: "  streamlytics serve --redis_addrs=127.0.0.1:6379\n" +
			"  streamlytics serve --addr=0.0.0.0:8080 --cors_origins=https://shop.example",
	}, &o, &log, func(ctx context.Context) error { return serve.Run(ctx, o) })
}

func (cs *commands) simulate() *cobra.Command {
	o := simulate.DefaultOptions()
	return cs.tool(&cobra.Command{
		Use:   "simulate [flags]",
		Short: "Publish the events of a simulated retailer",
		Long: "Simulate publishes the events of a simulated retailer to Pub/Sub, at PUBSUB_EMULATOR_HOST where\n" +
			"that is set, and can compare the stock in Redis with the truth.",
		Example: "  streamlytics simulate --project=shop --events_per_second=50 --duration=10m\\\n" +
			"    --check_redis=127.0.0.1:6379",
	}, &o, func(ctx context.Context) error { return simulate.Run(ctx, o, os.Stdout) })
}

func (cs *commands) pubsub() *cobra.Command {
	server, topics, message := localpubsub.DefaultCommand(), setup.DefaultOptions(), publish.Options{}
	return group(&cobra.Command{
		Use:   "pubsub COMMAND",
		Short: "Serve Pub/Sub from memory, set up topics, publish messages",
	},
		cs.tool(&cobra.Command{
			Use:   "serve [flags]",
			Short: "Serve Google Cloud Pub/Sub from memory",
			Long: "Serve serves Google Cloud Pub/Sub from memory, for work without a network, until SIGINT or\n" +
				"SIGTERM. Its first line of output is the variable for the environment of its clients,\n" +
				"PUBSUB_EMULATOR_HOST=127.0.0.1:8085.",
			Example: "  streamlytics pubsub serve --project=shop --create=pos:pos,ecom:ecom,wms:wms",
		}, &server, func(ctx context.Context) error { return server.Run(ctx, os.Stdout) }),
		cs.tool(&cobra.Command{
			Use:   "setup [flags]",
			Short: "Create the topics and subscriptions that the pipeline needs",
			Long: "Setup creates topics, subscriptions and dead letter topics, at PUBSUB_EMULATOR_HOST or in Google\n" +
				"Cloud. It can be run again: what is as declared stays as it is. docs/OPERATIONS.md#pubsub\n" +
				"describes what it creates, and why.",
			Example: "  streamlytics pubsub setup --project=shop --dry_run",
		}, &topics, func(ctx context.Context) error { return setup.Run(ctx, topics, os.Stdout, os.Stderr) }),
		cs.tool(&cobra.Command{
			Use:     "publish [flags] [MESSAGE]...",
			Short:   "Publish messages, or the lines of the standard input",
			Example: `  streamlytics pubsub publish --project=shop --topic=pos '{"order_number": "4711"}'`,
		}, &message, func(ctx context.Context) error {
			endAtOnce()
			return publish.Run(ctx, message, os.Stdin, os.Stdout)
		}),
	)
}
