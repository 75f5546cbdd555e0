package sinks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/api/secretmanager/v1"
)

// defaultPasswordVariable holds the password when no reference to one is given.
const defaultPasswordVariable = "REDIS_PASSWORD"

// secretTimeout bounds the question to Secret Manager.
const secretTimeout = 30 * time.Second

var secretVersion = regexp.MustCompile(`^projects/[^/]+/secrets/[^/]+/versions/[^/]+$`)

// secretRef says where a secret is; exactly one field is set.
type secretRef struct{ env, file, version string }

// parseSecretRef reads a reference to a secret. Its errors do not repeat the reference: it may be the password itself, given
// by mistake.
func parseSecretRef(ref string) (secretRef, error) {
	if name, ok := strings.CutPrefix(ref, "env:"); ok && name != "" {
		return secretRef{env: name}, nil
	}
	if path, ok := strings.CutPrefix(ref, "file:"); ok && path != "" {
		return secretRef{file: path}, nil
	}
	if IsSecretVersion(ref) {
		return secretRef{version: ref}, nil
	}
	return secretRef{}, errors.New("not a reference to a secret: want env:NAME, file:/path or projects/P/secrets/S/versions/V")
}

// IsSecretVersion tells whether a reference is the name of a version in Google Secret Manager: projects/P/secrets/S/versions/V.
func IsSecretVersion(ref string) bool { return secretVersion.MatchString(ref) }

// CheckSecretRef tells whether a reference to a secret is one: env:NAME, file:PATH or projects/P/secrets/S/versions/V. Its errors do
// not repeat it.
func CheckSecretRef(ref string) error {
	_, err := parseSecretRef(ref)
	return err
}

// redisPassword looks the password up. opts are for the client of Secret Manager.
func redisPassword(ctx context.Context, ref string, opts ...option.ClientOption) (string, error) {
	if ref == "" {
		return os.Getenv(defaultPasswordVariable), nil
	}
	r, err := parseSecretRef(ref)
	if err != nil {
		return "", err
	}
	switch {
	case r.env != "":
		password, ok := os.LookupEnv(r.env)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", r.env)
		}
		return password, nil
	case r.file != "":
		password, err := readSmall(r.file, maxSecret)
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(password), "\r\n"), nil // editors and echo end the line
	default:
		password, err := readSecretVersion(ctx, r.version, opts...)
		return string(password), err
	}
}

// maxSecret is the size of a secret, in bytes: what Secret Manager takes too.
const maxSecret = 64 << 10

// readSmall reads a file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return content, nil
}

// readSecretVersion asks Google Secret Manager, with the credentials of the environment.
func readSecretVersion(ctx context.Context, version string, opts ...option.ClientOption) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	service, err := secretmanager.NewService(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to Secret Manager: %w", err)
	}
	answer, err := service.Projects.Secrets.Versions.Access(version).Context(ctx).Do()
	if err != nil {
		return nil, fmt.Errorf("read %s from Secret Manager: %w", version, err)
	}
	if answer.Payload == nil {
		return nil, fmt.Errorf("read %s from Secret Manager: the answer has no payload", version)
	}
	content, err := base64.StdEncoding.DecodeString(answer.Payload.Data)
	if err != nil {
		return nil, fmt.Errorf("read %s from Secret Manager: %w", version, err)
	}
	return content, nil
}
