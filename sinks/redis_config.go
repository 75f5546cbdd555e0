package sinks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/api/option"
)

// RedisConfig says where Redis is and how to log in. It is serialised into the pipeline, where anyone who can see the job can
// read it, so it holds a reference to the password and never the password.
type RedisConfig struct {
	// Addrs lists host:port. More than one means a cluster, of which these are the nodes to ask first. A cluster with a
	// single discovery address is named by giving that address twice.
	Addrs []string
	// Username is the ACL user; empty means Redis's default user.
	Username string
	// PasswordSecret says where the password is: "env:NAME", "file:/path" or "projects/P/secrets/S/versions/V" in Google
	// Secret Manager. Empty means the environment variable REDIS_PASSWORD if it is set, else no password. It is looked
	// up where Redis is opened, on the worker.
	PasswordSecret string
	// TLS makes connections encrypted and the server's certificate checked.
	TLS bool
	// CA says where the authorities are, in PEM, to trust in place of the system's: a file of the worker, or
	// "projects/P/secrets/S/versions/V" in Google Secret Manager, which workers on other machines can read.
	CA string
}

// Validate reports everything that is wrong with the form of the configuration, naming each field. It reads neither secret
// nor file, because these can be on another machine.
func (c RedisConfig) Validate() error {
	var errs []error
	if len(c.Addrs) == 0 {
		errs = append(errs, errors.New("Addrs: no address of Redis"))
	}
	for _, a := range c.Addrs {
		if err := CheckRedisAddr(a); err != nil {
			errs = append(errs, fmt.Errorf("Addrs: %w", err))
		}
	}
	if c.PasswordSecret != "" {
		if err := CheckSecretRef(c.PasswordSecret); err != nil {
			errs = append(errs, fmt.Errorf("PasswordSecret: %w", err))
		}
	}
	if c.CA != "" && !c.TLS {
		errs = append(errs, errors.New("CA: is set, but TLS is off"))
	}
	return errors.Join(errs...)
}

// String names the addresses for logs and errors.
func (c RedisConfig) String() string { return strings.Join(c.Addrs, ",") }

// maxCA is the size of a file of authorities, in bytes; all of the world's take a fifth of it.
const maxCA = 1 << 20

// tlsConfig is nil without TLS. opts are for the client of Secret Manager.
func (c RedisConfig) tlsConfig(ctx context.Context, opts ...option.ClientOption) (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA == "" {
		return t, nil
	}
	pem, err := c.authorities(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("CA: %w", err)
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA: %s holds no PEM certificate", c.CA)
	}
	return t, nil
}

func (c RedisConfig) authorities(ctx context.Context, opts ...option.ClientOption) ([]byte, error) {
	if IsSecretVersion(c.CA) {
		return readSecretVersion(ctx, c.CA, opts...)
	}
	return readSmall(c.CA, maxCA)
}
