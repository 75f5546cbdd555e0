package redis

import (
	"os"
	"strings"

	"github.com/beamlytics/streamlytics/config"
)

// Options are the flags from which a Config follows. Each field is the value of the flag in its
// comment.
type Options struct {
	Addrs          string // --redis_addrs
	Username       string // --redis_username
	PasswordSecret string // --redis_password_secret
	TLS            bool   // --redis_tls
	CA             string // --redis_ca
}

// DefaultOptions returns the defaults of the flags.
func DefaultOptions() Options { return Options{Addrs: "127.0.0.1:6379"} }

// Flags declares the flags that set the fields of o.
func (o *Options) Flags() config.Group {
	return config.Group{Name: "Redis", Flags: []config.Flag{
		{Name: "redis_addrs", Var: &o.Addrs, Secret: hasPassword,
			Usage: "`host:port` of Redis; several, separated by commas, are a cluster"},
		{Name: "redis_username", Var: &o.Username, Usage: "ACL `user` of Redis"},
		{Name: "redis_password_secret", Var: &o.PasswordSecret, Secret: isSecret,
			Usage: "`reference` to the Redis password: env:NAME, file:PATH or projects/P/secrets/S/versions/V; " +
				"without it, the environment's REDIS_PASSWORD if set"},
		{Name: "redis_tls", Var: &o.TLS, Usage: "connect to Redis with TLS"},
		{Name: "redis_ca", Var: &o.CA,
			Usage: "PEM `file` of the authority that signed Redis's certificate, " +
				"or projects/P/secrets/S/versions/V that holds it; the system's authorities without it"},
	}}
}

// isSecret reports whether the value of --redis_password_secret is no reference, and so may be the
// password.
func isSecret(value string) bool { return value != "" && CheckSecretRef(value) != nil }

// hasPassword reports whether an address of Redis may hold a password.
func hasPassword(addrs string) bool { return strings.Contains(addrs, "@") }

// Validate calls bad for everything that is wrong, with the flag and what is wrong with its value.
func (o Options) Validate(bad func(flag, format string, args ...any)) {
	addrs := o.List()
	if len(addrs) == 0 {
		bad("redis_addrs", "is empty")
	}
	for _, a := range addrs {
		if err := CheckAddr(a); err != nil {
			bad("redis_addrs", "%w", err)
		}
	}
	if o.PasswordSecret != "" {
		if err := CheckSecret(o.PasswordSecret); err != nil {
			bad("redis_password_secret", "%w", err)
		}
	}
	if err := CheckCA(o.CA); err != nil {
		bad("redis_ca", "%w", err)
	}
	if o.Username != "" && o.PasswordSecret == "" && os.Getenv(defaultPasswordVariable) == "" {
		bad("redis_username",
			"needs a password: give --redis_password_secret; without one Redis takes its default user")
	}
	if o.CA != "" && !o.TLS {
		bad("redis_ca", "needs --redis_tls")
	}
}

// List returns the addresses, without blanks around them and empty items.
func (o Options) List() []string {
	addrs, _ := ParseAddrs(o.Addrs) // Validate reports what is no address
	return addrs
}

// Config returns the configuration of valid options.
func (o Options) Config() Config {
	return Config{Addrs: o.List(), Username: o.Username, PasswordSecret: o.PasswordSecret, TLS: o.TLS, CA: o.CA}
}
