package page

import (
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"strings"

	"github.com/beamlytics/streamlytics/serving/api"
)

// contentPolicy lets the page load nothing but its own files.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// withHeaders lets the page load nothing but its own files, and other sites read nothing of it.
func withHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}

// guard is for answers that are of this machine alone. It also refuses what other sites let a
// browser send: requests whose Host is a name of another site that leads to this machine (DNS
// rebinding), and cross-origin requests that change something.
func guard(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return withHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if onLoopback(r) && !isLocal(r.Host) {
			api.Problem(w, http.StatusMisdirectedRequest,
				"on this machine the page is at localhost or 127.0.0.1")
			return
		}
		h.ServeHTTP(w, r)
	}))
}

// onLoopback reports whether a request came to a loopback address, or to none that is known.
func onLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || addr.IP.IsLoopback()
}

// isLocal reports whether the Host of a request names this machine: localhost, or an address, which
// no other site can take. Any port is allowed, because a tunnel may have another one.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.EqualFold(host, "localhost") || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// maxBody bounds the body of a request: a message of Pub/Sub with its escapes.
const maxBody = 4 << 20

// readJSON reads the body of a request. If it reports false, it has answered.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		api.Problem(w, http.StatusUnsupportedMediaType, "the Content-Type is not application/json")
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		api.Problem(w, http.StatusBadRequest, "the body cannot be read: "+err.Error())
		return false
	}
	return true
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client may be gone
}
