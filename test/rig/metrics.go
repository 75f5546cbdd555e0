package rig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"
)

// metricsLine is the log line with the address of a program's metrics.
var metricsLine = regexp.MustCompile(`metrics at (http://\S+)/metrics`)

// MetricsURL waits until a program with --metrics_addr serves its metrics, and returns the URL of
// its port.
func (p *Process) MetricsURL(tb testing.TB) string {
	tb.Helper()
	serves := func() bool { return metricsLine.MatchString(p.Log()) }
	if err := p.Await("it serves its metrics", time.Minute, serves); err != nil {
		tb.Fatal(err)
	}
	return metricsLine.FindStringSubmatch(p.Log())[1]
}

// Get returns the status and the body of the answer to a GET request.
func Get(url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", fmt.Errorf("get %s: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("get %s: %w", url, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, "", fmt.Errorf("get %s: %w", url, err)
	}
	return answer.StatusCode, string(text), nil
}
