package api

import (
	"encoding/json"
	"net/http"
)

// Problem answers a request with a problem, as RFC 9457 describes it. detail is for everyone on the
// network. fields are names and values beside the standard ones.
func Problem(w http.ResponseWriter, status int, detail string, fields ...[2]string) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1") // second
	}
	w.WriteHeader(status)
	_, _ = w.Write(problemJSON(status, detail, fields...)) // an error means that the client is gone
}

func problemJSON(status int, detail string, fields ...[2]string) []byte {
	p := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}
	for _, f := range fields {
		p[f[0]] = f[1]
	}
	return marshal(p)
}

// marshal returns the JSON of a value that always has one, as problems and signals do.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
