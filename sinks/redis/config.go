package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/api/option"
)

// Config names the servers and the user. It is serialised into the pipeline, where anyone who can
// see the job can read it, so it holds a reference to the password and never the password.
type Config struct {
	// Addrs lists host:port. More than one means a cluster, in which these nodes are asked first. A
	// cluster with a single discovery address is configured by giving that address twice.
	Addrs []string
	// Username is the ACL user; empty means Redis's default user.
	Username string
	// PasswordSecret refers to the password: "env:NAME", "file:/path" or
	// "projects/P/secrets/S/versions/V" in Google Secret Manager. Empty means the environment
	// variable REDIS_PASSWORD if it is set, else no password. The worker that opens Redis reads it.
	PasswordSecret string
	// TLS encrypts connections and checks the server's certificate.
	TLS bool
	// CA refers to the authorities, in PEM, that are trusted in place of the system's: a file of
	// the worker, or "projects/P/secrets/S/versions/V" in Google Secret Manager, which workers on
	// other machines can read.
	CA string
}

// Validate returns an error with everything that is wrong with the form of the configuration. It
// names each field. It reads neither secret nor file, because these can be on another machine.
func (c Config) Validate() error {
	var errs []error
	if len(c.Addrs) == 0 {
		errs = append(errs, errors.New("Addrs: no address of Redis"))
	}
	for _, a := range c.Addrs {
		if err := CheckAddr(a); err != nil {
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

// String returns the addresses, for logs and errors.
func (c Config) String() string { return strings.Join(c.Addrs, ",") }

// maxCA bounds a file of authorities, in bytes. The list of a system takes a fifth of it.
const maxCA = 1 << 20

// tlsConfig returns nil without TLS. opts are for the client of Secret Manager.
func (c Config) tlsConfig(ctx context.Context, opts ...option.ClientOption) (*tls.Config, error) {
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
	if t.RootCAs, err = certPool(c.CA, pem); err != nil {
		return nil, fmt.Errorf("CA: %w", err)
	}
	return t, nil
}

// certPool returns the authorities in pem, the content of ca.
func certPool(ca string, pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", ca)
	}
	return pool, nil
}

// CheckCA returns an error for a file of authorities that cannot be read or holds none. It does not
// ask Secret Manager.
func CheckCA(ca string) error {
	if ca == "" || IsSecretVersion(ca) {
		return nil
	}
	pem, err := readSmall(ca, maxCA)
	if err == nil {
		_, err = certPool(ca, pem)
	}
	return err
}

func (c Config) authorities(ctx context.Context, opts ...option.ClientOption) ([]byte, error) {
	if IsSecretVersion(c.CA) {
		return readSecretVersion(ctx, c.CA, opts...)
	}
	return readSmall(c.CA, maxCA)
}
