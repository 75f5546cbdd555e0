package fakegcs

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// routes returns the handler of the service. Names in paths are escaped, slashes included.
func (s *Server) routes() http.Handler {
	uploads := &uploads{store: s.store, sessions: map[string]*session{}}
	mux := http.NewServeMux()
	mux.Handle("GET /storage/v1/b/{bucket}", answer(s.getBucket))
	mux.Handle("GET /storage/v1/b/{bucket}/o", answer(s.list, "prefix"))
	mux.Handle("POST /upload/storage/v1/b/{bucket}/o", answer(uploads.post, "name", "uploadType", "upload_id"))
	mux.Handle("PUT /upload/storage/v1/b/{bucket}/o", answer(uploads.post, "name", "uploadType", "upload_id"))
	mux.Handle("GET /{bucket}/{object}", answer(s.read, "generation")) // and HEAD
	mux.Handle("/", answer(func(http.ResponseWriter, *http.Request) error { return errNotFound }))
	return mux
}

// unheeded are parameters that change nothing here: who pays, and which part of an answer is asked
// for.
var unheeded = []string{"alt", "fields", "prettyPrint", "projection", "userProject"}

// answer refuses parameters that are not supported, and writes an error as Google's error body.
func answer(handle func(http.ResponseWriter, *http.Request) error, supported ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := checkParameters(r.URL.Query(), supported)
		if err == nil {
			err = handle(w, r)
		}
		if failed, ok := errors.AsType[*apiError](err); ok {
			failed.write(w)
		}
	})
}

func checkParameters(given url.Values, supported []string) error {
	for name := range given {
		value := given.Get(name)
		set := value != "" && value != "false" // clients send some with the default value
		if set && !slices.Contains(supported, name) && !slices.Contains(unheeded, name) {
			return badRequest("fakegcs does not heed " + name + "=" + value)
		}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
	return nil
}

// apiError is an error answer of the service.
type apiError struct {
	status          int
	reason, message string
}

var errNotFound = &apiError{http.StatusNotFound, "notFound", "There is no such bucket or object."}

func badRequest(message string) error { return &apiError{http.StatusBadRequest, "invalid", message} }

// Error returns the message that the client gets.
func (e *apiError) Error() string { return e.message }

func (e *apiError) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{ // as in writeJSON
		"code": e.status, "message": e.message,
		"errors": []map[string]string{{"message": e.message, "domain": "global", "reason": e.reason}},
	}})
}
