package fakegcs

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// routes are the paths of the service. Names in them are escaped, slashes included.
func (s *Server) routes() http.Handler {
	uploads := newUploads(s.store)
	mux := http.NewServeMux()
	mux.Handle("GET /storage/v1/b/{bucket}", answer(s.getBucket))
	mux.Handle("POST /storage/v1/b", answer(s.postBucket, "project"))
	mux.Handle("GET /storage/v1/b/{bucket}/o", answer(s.list, "prefix", "delimiter", "startOffset", "endOffset", "maxResults", "pageToken"))
	mux.Handle("GET /storage/v1/b/{bucket}/o/{object}", answer(s.getObject, "generation"))
	mux.Handle("DELETE /storage/v1/b/{bucket}/o/{object}", answer(s.deleteObject))
	mux.Handle("POST /storage/v1/b/{bucket}/o/{object}/rewriteTo/b/{toBucket}/o/{toObject}", answer(s.rewrite))
	mux.Handle("POST /upload/storage/v1/b/{bucket}/o", answer(uploads.post, "name", "uploadType", "upload_id"))
	mux.Handle("PUT /upload/storage/v1/b/{bucket}/o", answer(uploads.post, "name", "uploadType", "upload_id"))
	mux.Handle("GET /{bucket}/{object}", answer(s.readXML, "generation")) // and HEAD
	mux.Handle("/", answer(func(http.ResponseWriter, *http.Request) error {
		return failure(http.StatusNotFound, "notFound", "Not Found")
	}))
	return mux
}

// unheeded are parameters that change nothing here: who pays, and how much of an answer is wanted.
var unheeded = []string{"alt", "fields", "prettyPrint", "projection", "userProject"}

// answer refuses parameters that are not known, and turns an error into Google's error body.
func answer(handle func(http.ResponseWriter, *http.Request) error, known ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := checkParameters(r.URL.Query(), known)
		if err == nil {
			err = handle(w, r)
		}
		if failed := (*apiError)(nil); errors.As(err, &failed) {
			failed.write(w)
		}
	})
}

func checkParameters(given url.Values, known []string) error {
	for name := range given {
		value := given.Get(name)
		set := value != "" && value != "false" // clients send some with the value that says nothing
		if set && !slices.Contains(known, name) && !slices.Contains(unheeded, name) {
			return failure(http.StatusBadRequest, "invalidParameter", "fakegcs does not heed "+name+"="+value)
		}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(body) // who went away needs no answer
	return nil
}
