package redis

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/api/option"

	"github.com/beamlytics/streamlytics/test/redistest"
)

func TestRedisPassword(t *testing.T) {
	t.Setenv("STREAMLYTICS_TEST_SECRET", "from the environment")
	t.Setenv(defaultPasswordVariable, "by default")
	dir := t.TempDir()
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte(" from a file \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/projects/shop/secrets/redis/versions/latest:access" {
			http.Error(w, "no such secret", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"payload":{"data":"` +
			base64.StdEncoding.EncodeToString([]byte("from Secret Manager")) + `"}}`))
	}))
	defer server.Close()
	opts := []option.ClientOption{option.WithEndpoint(server.URL), option.WithoutAuthentication()}

	for _, test := range []struct{ ref, want, wantErr string }{
		{ref: "", want: "by default"},
		{ref: "env:STREAMLYTICS_TEST_SECRET", want: "from the environment"},
		{ref: "env:STREAMLYTICS_TEST_ABSENT", wantErr: "STREAMLYTICS_TEST_ABSENT is not set"},
		{ref: "file:" + file, want: " from a file "},
		{ref: "file:" + filepath.Join(dir, "absent"), wantErr: "no such file"},
		{ref: "file:/dev/zero", wantErr: "/dev/zero has more than 65536 bytes"},
		{ref: "projects/shop/secrets/redis/versions/latest", want: "from Secret Manager"},
		{ref: "projects/shop/secrets/other/versions/1", wantErr: "projects/shop/secrets/other/versions/1"},
		{ref: "projects/shop/secrets/redis", wantErr: "want env:NAME, file:/path or projects/"},
		{ref: "env:", wantErr: "want env:NAME"},
		{ref: "hunter2hunter2", wantErr: "want env:NAME"},
	} {
		got, err := readPassword(context.Background(), test.ref, opts...)
		if got != test.want || (err == nil) != (test.wantErr == "") {
			t.Errorf("%q: %q, %v", test.ref, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%q: %q does not say %q", test.ref, err, test.wantErr)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q may repeat a password", err)
		}
	}
}

func TestRedisConfigValidate(t *testing.T) {
	good := Config{Addrs: []string{"redis.internal:6379"}, PasswordSecret: "env:P", TLS: true, CA: "/ca.pem"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"no address", func(c *Config) { c.Addrs = nil }, []string{"Addrs: no address"}},
		{"no port", func(c *Config) { c.Addrs = []string{"redis"} }, []string{`Addrs: "redis"`}},
		{"no host", func(c *Config) { c.Addrs = []string{"a:1", ":6379"} }, []string{`Addrs: ":6379"`}},
		{"user and password", func(c *Config) { c.Addrs = []string{"user:hunter2@redis:6379"} },
			[]string{"Addrs: an address has an @"}},
		{"password itself", func(c *Config) { c.PasswordSecret = "hunter2" },
			[]string{"PasswordSecret: not a reference"}},
		{"authority without TLS", func(c *Config) { c.TLS = false }, []string{"CA: is set, but TLS is off"}},
		{"two at once", func(c *Config) { c.Addrs, c.PasswordSecret = nil, "x" },
			[]string{"Addrs:", "PasswordSecret:"}},
	} {
		c := good
		test.change(&c)
		err := c.Validate()
		if err == nil {
			t.Errorf("%s: accepted", test.name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", test.name, err, want)
			}
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %q repeats a password", test.name, err)
		}
		if _, err := Open(c, Stats{}); err == nil {
			t.Errorf("%s: opened", test.name)
		}
	}
}

func TestAuthoritiesOfRedis(t *testing.T) {
	_, file := redistest.StartTLS(t)
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content := pem
		switch r.URL.Path {
		case "/v1/projects/shop/secrets/ca/versions/1:access":
		case "/v1/projects/shop/secrets/ca/versions/2:access":
			content = []byte("nothing")
		default:
			http.Error(w, "no such secret", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"payload":{"data":"` + base64.StdEncoding.EncodeToString(content) + `"}}`))
	}))
	defer server.Close()
	want := x509.NewCertPool()
	want.AppendCertsFromPEM(pem)
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for ca, wantErr := range map[string]string{
		file:                                  "",
		notPEM:                                "CA: " + notPEM + " holds no PEM",
		notPEM + ".absent":                    "CA: open " + notPEM + ".absent",
		"/dev/zero":                           "CA: /dev/zero has more than",
		"projects/shop/secrets/ca/versions/1": "",
		"projects/shop/secrets/ca/versions/2": "CA: projects/shop/secrets/ca/versions/2 holds no PEM certificate",
		"projects/shop/secrets/ca/versions/3": "CA: read projects/shop/secrets/ca/versions/3 from Secret Manager",
	} {
		c := Config{TLS: true, CA: ca}
		got, err := c.tlsConfig(t.Context(), option.WithEndpoint(server.URL), option.WithoutAuthentication())
		if wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), wantErr) {
				t.Errorf("%s: got %v, want %q", ca, err, wantErr)
			}
		} else if err != nil || !got.RootCAs.Equal(want) {
			t.Errorf("%s: other authorities than the file's, or %v", ca, err)
		}
	}
}
