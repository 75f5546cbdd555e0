// Package serve runs an HTTP server of signals: the command streamlytics serve.
package serve

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// Options configure a server. DefaultOptions returns the defaults, Flags declares the flags, and
// Validate completes the options.
type Options struct {
	addr       string
	origins    string
	maxStreams int
	redis      redis.Options

	allowed []string // the origins; set by Validate
}

// originForm matches an origin as browsers send it, in lower case and without a path, and impliedPort
// one with the port that its scheme implies, which they leave out.
var (
	originForm  = regexp.MustCompile(`^https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?$`)
	impliedPort = regexp.MustCompile(`^(http:.*:80|https:.*:443)$`)
)

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
func (o *Options) Validate(set *config.Set, args []string) (err error) {
	errs := []error{config.NoArguments(args)}
	bad := func(flag, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", set.NameOf(flag), fmt.Errorf(format, args...)))
	}
	if o.addr, err = config.ListenAddr(o.addr); err != nil {
		bad("addr", "%w", err)
	}
	o.allowed = strings.FieldsFunc(o.origins, func(r rune) bool { return r == ',' || r == ' ' })
	for _, origin := range o.allowed {
		if origin != "*" && !originForm.MatchString(origin) || impliedPort.MatchString(origin) {
			bad("cors_origins", "%q is neither an origin, such as https://shop.example, nor *", origin)
		}
	}
	if o.maxStreams < 1 {
		bad("max_streams", "%d is not at least 1", o.maxStreams)
	}
	o.redis.Validate(bad)
	return errors.Join(errs...)
}
