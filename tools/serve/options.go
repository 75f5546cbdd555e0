// Package serve runs an HTTP server of signals: the command streamlytics serve.
package serve

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// maxStreams is the greatest --max_streams.
const maxStreams = 100_000

// Options configure a server. DefaultOptions returns the defaults, Flags declares the flags, and
// Validate completes the options.
type Options struct {
	addr       string
	origins    string
	maxStreams int
	redis      redis.Options

	allowed []string // the origins; set by Validate
}

// DefaultOptions returns the defaults of the flags.
func DefaultOptions() Options {
	return Options{addr: "127.0.0.1:8080", maxStreams: 2000, redis: redis.DefaultOptions()}
}

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() []config.Group {
	return []config.Group{
		{Name: "Server", Flags: []config.Flag{
			{Name: "addr", Var: &o.addr,
				Usage: "`host:port` to listen on; a port alone is on 127.0.0.1, other hosts must be written out; " +
					"port 0 is a free one"},
			{Name: "cors_origins", Var: &o.origins,
				Usage: "`origins`, separated by commas, whose pages may read in browsers, such as " +
					"https://shop.example; * is all"},
			{Name: "max_streams", Var: &o.maxStreams, Usage: "`streams` that may be open at once"},
		}},
		o.redis.Flags(),
	}
}

// Validate completes the options. The error lists everything that is wrong.
func (o *Options) Validate(set *config.Set, args []string) error {
	errs := []error{config.NoArguments(args)}
	bad := func(flag, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(flag), fmt.Errorf(format, args...)))
	}
	var err error
	if o.addr, err = config.ListenAddr(o.addr); err != nil {
		bad("addr", "%w", err)
	}
	for origin := range strings.SplitSeq(o.origins, ",") {
		if origin = strings.TrimSpace(origin); origin != "" {
			o.allowed = append(o.allowed, origin)
		}
	}
	for _, origin := range o.allowed {
		if !isOrigin(origin) {
			bad("cors_origins", "%q is neither an origin, such as https://shop.example, nor *", origin)
		}
	}
	if len(o.allowed) > 1 && slices.Contains(o.allowed, "*") {
		bad("cors_origins", "* is all origins: give it alone")
	}
	if o.maxStreams < 1 || o.maxStreams > maxStreams {
		bad("max_streams", "%d is not between 1 and %d", o.maxStreams, maxStreams)
	}
	o.redis.Validate(bad)
	return errors.Join(errs...)
}

// isOrigin reports whether a text is * or an origin as browsers send it: scheme and host in lower
// case, without a path.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return text == "*" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" &&
		text == strings.ToLower(u.Scheme+"://"+u.Host)
}
