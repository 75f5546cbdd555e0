package api

import (
	"encoding/json"
	"net/http"
)

// problemJSON returns a problem as RFC 9457 describes it. detail is for everyone on the network.
func problemJSON(status int, detail string) []byte {
	b, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, detail})
	if err != nil {
		panic(err) // strings and integers always marshal
	}
	return b
}

// problem answers a request with a problem.
func problem(w http.ResponseWriter, status int, detail string) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-cache")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	// An error means that the client is gone.
	_, _ = w.Write(problemJSON(status, detail)) //nolint:gosec // no browser shows JSON as HTML
}
