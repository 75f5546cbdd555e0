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

// The log lines with the addresses of what a program serves.
var (
	metricsLine = regexp.MustCompile(`metrics at (http://\S+)/metrics`)
	pageLine    = regexp.MustCompile(`the page at (http://[^\s/]+)`)
)

// MetricsURL waits until a program with --metrics_addr serves its metrics, and returns the URL of
// its port.
func (p *Process) MetricsURL(tb testing.TB) string {
	tb.Helper()
	return p.url(tb, "it serves its metrics", metricsLine)
}

// PageURL waits until a program with --ui_addr serves the page, and returns the URL of its port.
func (p *Process) PageURL(tb testing.TB) string {
	tb.Helper()
	return p.url(tb, "it serves the page", pageLine)
}

func (p *Process) url(tb testing.TB, what string, line *regexp.Regexp) string {
	tb.Helper()
	if err := p.Await(what, time.Minute, func() bool { return line.MatchString(p.Log()) }); err != nil {
		tb.Fatal(err)
	}
	return line.FindStringSubmatch(p.Log())[1]
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
