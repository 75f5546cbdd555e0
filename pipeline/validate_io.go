package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// resourceID matches the id of a subscription, as Pub/Sub accepts it.
const resourceID = `[A-Za-z][A-Za-z0-9._~+%-]{0,254}`

var (
	subscriptionName = regexp.MustCompile(`^projects/[^/\s]+/subscriptions/` + resourceID + `$`)
	subscriptionID   = regexp.MustCompile(`^` + resourceID + `$`)
	topicName        = regexp.MustCompile(`^(projects/[^/]*/)?topics/`)
)

func (o Options) validateSubscriptions(bad reportFunc) (subs []pubsub.Subscription) {
	for _, s := range []struct {
		flag, given string
		channel     event.Channel
	}{
		{"pos_subscription", o.POSSubscription, event.POS},
		{"ecom_subscription", o.ECOMSubscription, event.ECOM},
		{"wms_subscription", o.WMSSubscription, event.WMS},
	} {
		name, ok := o.subscriptionName(bad, s.flag, s.given)
		if !ok {
			continue
		}
		if slices.ContainsFunc(subs, func(x pubsub.Subscription) bool { return x.Name == name }) {
			bad(s.flag, "%s is read as another channel already", name)
			continue
		}
		subs = append(subs, pubsub.Subscription{Name: name, Channel: s.channel})
	}
	return subs
}

// subscriptionName returns the full name of a subscription that is given by name or id. It reports
// false when none is given or the name is invalid.
func (o Options) subscriptionName(bad reportFunc, flag, given string) (name string, ok bool) {
	switch {
	case given == "":
		return "", false
	case subscriptionName.MatchString(given):
		return given, true
	case topicName.MatchString(given):
		bad(flag, "%q is a topic; give a subscription of it: projects/{project}/subscriptions/{id}", given)
		return "", false
	case !subscriptionID.MatchString(given):
		bad(flag, "%q is neither projects/{project}/subscriptions/{id} nor an id", given)
		return "", false
	case o.Project == "":
		bad(flag, "%q is an id; give --project too, or the full name", given)
		return "", false
	}
	name = "projects/" + o.Project + "/subscriptions/" + given
	if !subscriptionName.MatchString(name) {
		bad(flag, "%q is no subscription: --project=%q is not the id of a project", name, o.Project)
		return "", false
	}
	return name, true
}

// readMaps returns the programs that the maps are or name. subscribed reports whether a map needs its
// subscription.
func (o Options) readMaps(ctx context.Context, bad reportFunc, subscribed bool) (maps event.Maps) {
	for _, m := range []struct {
		name, given, subscription string
		channel                   event.Channel
	}{
		{"pos", o.POSMap, o.POSSubscription, event.POS},
		{"ecom", o.ECOMMap, o.ECOMSubscription, event.ECOM},
		{"wms", o.WMSMap, o.WMSSubscription, event.WMS},
	} {
		if m.given == "" {
			continue
		}
		if m.subscription == "" && subscribed {
			bad(m.name+"_map", "needs --%s_subscription", m.name)
		}
		program, err := files.Program(ctx, m.given)
		if err != nil {
			bad(m.name+"_map", "%w", err)
		}
		maps[m.channel] = program
	}
	return maps
}

const (
	minPoll   = 10 * time.Millisecond // also of --wms_files_settle
	maxSettle = 24 * time.Hour
)

// validateFiles returns the files that are read once, and those that are watched.
func (o Options) validateFiles(ctx context.Context, bad reportFunc) (once []files.File, watched []files.Watched) {
	match := func(flag, globs string, format event.Format) {
		found, err := files.Match(ctx, globs, format)
		if err != nil {
			bad(flag, "%w", err)
		}
		once = append(once, found...)
	}
	if o.EventsFiles != "" {
		match("events_files", o.EventsFiles, event.FormatUnified)
	}
	switch {
	case o.WMSFilesSettle < minPoll || o.WMSFilesSettle > maxSettle:
		bad("wms_files_settle", "%v is not between %v and %v", o.WMSFilesSettle, minPoll, maxSettle)
	case o.WMSFilesSettle != defaultSettle && o.WMSFilesPoll == 0:
		bad("wms_files_settle", "needs --wms_files_poll")
	}
	switch {
	case o.WMSFilesPoll < 0 || o.WMSFilesPoll > 0 && o.WMSFilesPoll < minPoll:
		bad("wms_files_poll", "%v is neither 0 nor at least %v", o.WMSFilesPoll, minPoll)
	case o.WMSFiles == "" && o.WMSFilesPoll > 0:
		bad("wms_files_poll", "needs --wms_files")
	case o.WMSFiles == "":
	case o.WMSFilesPoll > 0:
		if err := files.CheckGlobs(ctx, o.WMSFiles); err != nil {
			bad("wms_files", "%w", err)
		}
		watched = append(watched, files.Watched{Globs: o.WMSFiles, Format: event.FormatWMS,
			Poll: o.WMSFilesPoll, Settle: o.WMSFilesSettle})
	default:
		match("wms_files", o.WMSFiles, event.FormatWMS)
	}
	return once, watched
}

// validatePaths validates the folders and files that the pipeline writes. Folders may be missing.
func (o Options) validatePaths(bad reportFunc) {
	for _, f := range o.folders() {
		if info, err := os.Stat(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad(f.flag, "%w", err)
		} else if err == nil && !info.IsDir() {
			bad(f.flag, "%s is not a directory", f.path)
		}
	}
	if o.SummaryFile != "" {
		if info, err := os.Stat(o.SummaryFile); err == nil && info.IsDir() {
			bad("summary_file", "%s is a directory", o.SummaryFile)
		} else if err == nil && !info.Mode().IsRegular() {
			bad("summary_file", "%s is no regular file, and would be replaced by one", o.SummaryFile)
		} else if info, err := os.Stat(filepath.Dir(o.SummaryFile)); err != nil {
			bad("summary_file", "%w", err)
		} else if !info.IsDir() {
			bad("summary_file", "%s is not a directory", filepath.Dir(o.SummaryFile))
		}
	}
}

// folder is a folder that a flag names.
type folder struct{ flag, path string }

// folders returns the folders that are given and that the pipeline creates.
func (o Options) folders() (given []folder) {
	for _, f := range []folder{{"warehouse_dir", o.WarehouseDir}, {"profile_dir", o.ProfileDir}} {
		if f.path != "" {
			given = append(given, f)
		}
	}
	return given
}

// createFolders creates the folders that are missing.
func (o Options) createFolders() error {
	for _, f := range o.folders() {
		if err := os.MkdirAll(f.path, 0o755); err != nil {
			return fmt.Errorf("--%s: %w", f.flag, err)
		}
	}
	return nil
}

// validatePage validates the address and the memory of the page. Run fails if its port is taken.
func (o Options) validatePage(bad reportFunc) {
	if o.UIAddr != "" {
		if _, err := config.ListenAddr(o.UIAddr); err != nil {
			bad("ui_addr", "%w", err)
		}
	}
	if o.UIHistoryMB < 1 || o.UIHistoryMB > maxHistory {
		bad("ui_history_mb", "%d is not between 1 and %d", o.UIHistoryMB, maxHistory)
	}
}

// validateMetrics validates the address of the metrics. Run fails if its port is taken.
func (o Options) validateMetrics(bad reportFunc) {
	if o.MetricsAddr == "" {
		return
	}
	_, port, err := net.SplitHostPort(o.MetricsAddr)
	if err != nil {
		bad("metrics_addr", "%q is neither host:port nor :port", o.MetricsAddr)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		bad("metrics_addr", "%q: the port %q is not a number between 0 and 65535", o.MetricsAddr, port)
	}
}
