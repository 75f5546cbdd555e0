package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/internal/wholefile"
	"github.com/beamlytics/streamlytics/sinks/bigquery"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

func (p *Pipeline) subscriptionChecks() (checks []check) {
	native := p.options.runnerKind() == dataflowRunner
	for _, s := range p.plan.subscriptions {
		what := "--" + strings.ToLower(s.Channel.String()) + "_subscription"
		checks = append(checks, check{what, func(ctx context.Context) (string, error) {
			found, err := pubsub.Inspect(ctx, p.options.Emulator, s.Name)
			if err != nil {
				return "", fmt.Errorf("%s: %w", s.Name, err)
			}
			detail, err := judge(found, native)
			if err != nil {
				return "", fmt.Errorf("%s: %w", s.Name, err)
			}
			if p.options.Emulator == "" {
				detail += "; the account may pull"
			}
			return s.Name + ": " + detail, nil
		}})
	}
	return checks
}

// judge returns the settings of a subscription for a person, or an error for one that the pipeline
// cannot or should not read. native reports whether the runner itself reads it.
func judge(found pubsub.Inspection, native bool) (string, error) {
	s := found.Settings
	switch {
	case !found.MayPull:
		return "", errors.New("the account has no right to pull: grant roles/pubsub.subscriber on the subscription")
	case s == nil:
		return "its settings are not known, without the right pubsub.subscriptions.get", nil
	}
	if problem := unreadable(s); problem != "" {
		return "", errors.New(problem)
	}
	if native && (s.GetDeadLetterPolicy() != nil || s.GetRetryPolicy() != nil) {
		return "", errors.New("Dataflow does not support its dead letter topic or retry policy: " +
			"streamlytics pubsub setup --runner=dataflow removes them")
	}
	detail := fmt.Sprintf("ack deadline %d s, retention %v", s.GetAckDeadlineSeconds(),
		s.GetMessageRetentionDuration().AsDuration())
	if r := s.GetRetryPolicy(); r != nil {
		detail += fmt.Sprintf(", retries after %v to %v", r.GetMinimumBackoff().AsDuration(),
			r.GetMaximumBackoff().AsDuration())
	}
	if d := s.GetDeadLetterPolicy(); d != nil {
		detail += fmt.Sprintf(", dead letters after %d deliveries", d.GetMaxDeliveryAttempts())
	}
	return detail, nil
}

// unreadable returns why a subscription gets no messages to pull, or nothing.
func unreadable(s *pubsubpb.Subscription) string {
	switch {
	case s.GetPushConfig().GetPushEndpoint() != "":
		return "it pushes its messages: give a pull subscription" // the endpoint may hold a token
	case s.GetBigqueryConfig() != nil, s.GetCloudStorageConfig() != nil, s.GetBigtableConfig() != nil:
		return "it exports its messages: give a pull subscription"
	case s.GetDetached(), s.GetTopic() == "_deleted-topic_":
		return "it has no topic any more: create it again"
	}
	return ""
}

func (p *Pipeline) fileChecks() (checks []check) {
	for _, f := range []struct{ flag, globs string }{
		{"--events_files", p.options.EventsFiles}, {"--wms_files", p.options.WMSFiles},
	} {
		if f.globs == "" {
			continue
		}
		checks = append(checks, check{f.flag, func(ctx context.Context) (string, error) {
			n, size, err := files.Check(ctx, f.globs)
			if err != nil && ctx.Err() != nil {
				return "", unknownError{err.Error()}
			}
			return fmt.Sprintf("files: %d, bytes: %d; the beginning of each can be read", n, size), err
		}})
	}
	return checks
}

func (p *Pipeline) tableChecks() (checks []check) {
	c, err := p.options.bigQuery()
	if err != nil || !c.Enabled() { // validated before
		return nil
	}
	for _, t := range rows.Tables {
		checks = append(checks, check{"BigQuery " + string(t), func(ctx context.Context) (string, error) {
			return checkTable(ctx, c, t)
		}})
	}
	return checks
}

func checkTable(ctx context.Context, c bigquery.Config, t rows.Table) (string, error) {
	if err := bigquery.CheckTables(ctx, c, t); err != nil {
		return "", err
	}
	detail := fmt.Sprintf("%s.%s.%s takes the %d columns of the rows", c.Project, c.Dataset, t, len(t.Columns()))
	if c.Emulator != "" {
		return detail, nil
	}
	may, err := bigquery.MayAppend(ctx, c, t)
	switch {
	case err != nil:
		return "", unknownError{detail + "; whether the account may append rows is not known: " + err.Error()}
	case !may:
		return "", errors.New(detail + ", but the account may not append rows: " +
			"grant bigquery.tables.updateData on the dataset (roles/bigquery.dataEditor)")
	}
	return detail + ", and the account may append rows", nil
}

// localChecks returns the checks of what a pipeline in this process writes and serves.
func (p *Pipeline) localChecks() (checks []check) {
	o := p.options
	writable := func(what string, dirs ...string) {
		checks = append(checks, check{what, func(context.Context) (string, error) {
			var errs []error
			for _, dir := range dirs {
				errs = append(errs, wholefile.CheckFolder(dir))
			}
			return dirs[0] + " can be written to", errors.Join(errs...)
		}})
	}
	if o.WarehouseDir == "" {
		writable("dead letters", filepath.Join(".", string(rows.DeadLetters)))
	} else {
		dirs := []string{o.WarehouseDir}
		for _, t := range rows.Tables {
			dirs = append(dirs, filepath.Join(o.WarehouseDir, string(t)))
		}
		writable("--warehouse_dir", dirs...)
	}
	if o.SummaryFile != "" {
		writable("--summary_file", filepath.Dir(o.SummaryFile))
	}
	if o.ProfileDir != "" {
		writable("--profile_dir", o.ProfileDir)
	}
	if o.MetricsAddr != "" {
		checks = append(checks, portCheck("--metrics_addr", o.MetricsAddr))
	}
	if o.UIAddr != "" {
		addr, _ := config.ListenAddr(o.UIAddr) // validated before
		checks = append(checks, portCheck("--ui_addr", addr))
	}
	return checks
}

// portCheck checks whether the pipeline can listen at an address.
func portCheck(name, addr string) check {
	return check{name, func(ctx context.Context) (string, error) {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return "", unknownError{addr + " is in use: by a pipeline that runs, or by another program"}
		}
		if err != nil {
			return "", err
		}
		return listener.Addr().String() + " is free", listener.Close()
	}}
}
