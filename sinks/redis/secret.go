package redis

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

// defaultPasswordVariable is the environment variable of the password when no reference is given.
const defaultPasswordVariable = "REDIS_PASSWORD"

// secretTimeout bounds a request to Secret Manager.
const secretTimeout = 30 * time.Second

var secretVersion = regexp.MustCompile(`^projects/[^/]+/secrets/[^/]+/versions/[^/]+$`)

// secretRef refers to a secret; exactly one field is set.
type secretRef struct{ env, file, version string }

// parseSecretRef reads a reference to a secret. The error does not repeat it: it may be the
// password itself, given by mistake.
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
	return secretRef{}, errors.New("not a reference to a secret: " +
		"want env:NAME, file:/path or projects/P/secrets/S/versions/V")
}

// IsSecretVersion reports whether ref names a version in Google Secret Manager:
// projects/P/secrets/S/versions/V.
func IsSecretVersion(ref string) bool { return secretVersion.MatchString(ref) }

// CheckSecretRef returns an error unless ref is env:NAME, file:PATH or
// projects/P/secrets/S/versions/V. The error does not repeat ref.
func CheckSecretRef(ref string) error {
	_, err := parseSecretRef(ref)
	return err
}

// CheckSecret is CheckSecretRef, and checks that a variable or a file can be read. It does not ask
// Secret Manager.
func CheckSecret(ref string) error {
	r, err := parseSecretRef(ref)
	if err == nil && r.version == "" {
		_, err = readPassword(context.Background(), ref)
	}
	return err
}

// readPassword returns the password that ref refers to. opts are for the client of Secret Manager.
func readPassword(ctx context.Context, ref string, opts ...option.ClientOption) (string, error) {
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

// maxSecret bounds a secret, in bytes, as Secret Manager does.
const maxSecret = 64 << 10

// readSmall returns the content of a file of at most limit bytes.
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

// readSecretVersion returns a secret of Google Secret Manager. It uses the credentials of the
// environment.
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
