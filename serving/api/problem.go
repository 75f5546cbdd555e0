package api

import (
	"encoding/json"
	"net/http"
)

// problemJSON returns a problem as RFC 9457 describes it. detail is for everyone on the network.
// fields are names and values beside the standard ones.
func problemJSON(status int, detail string, fields ...[2]string) []byte {
	p := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}
	for _, f := range fields {
		p[f[0]] = f[1]
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and integers always marshal
	}
	return b
}

// Problem answers a request with a problem, as RFC 9457 describes it. detail is for everyone on the
// network. fields are names and values beside the standard ones.
func Problem(w http.ResponseWriter, status int, detail string, fields ...[2]string) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	_, _ = w.Write(problemJSON(status, detail, fields...)) // an error means that the client is gone
}
