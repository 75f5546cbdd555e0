package probe

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sick" {
			http.Error(w, "Redis does not answer", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	written := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	if err := os.Chtimes(file, written, written); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string // part of the error; empty: none
	}{
		{[]string{server.URL + "/well"}, ""},
		{[]string{server.URL + "/sick"}, "503 Service Unavailable: Redis does not answer"},
		{[]string{"http://127.0.0.1:1/"}, "refused"},
		{[]string{"127.0.0.1:9464"}, "is no http:// URL"},
		{[]string{"--fresh=30s", file}, ""},
		{[]string{"--fresh=29s", file}, "was written 30s ago, and not within 29s"},
		{[]string{"--fresh=30s", file + ".none"}, "no such file"},
		{[]string{"--fresh=-1s", file}, "--fresh: -1s is negative"},
		{[]string{}, "give one URL"},
		{[]string{"a", "b"}, "give one URL"},
	} {
		err := Run(t.Context(), c.args, io.Discard, written.Add(30*time.Second))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
	var help bytes.Buffer
	if err := Run(t.Context(), []string{"--help"}, &help, written); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "probe URL") {
		t.Errorf("%v %s", err, help.String())
	}
}
