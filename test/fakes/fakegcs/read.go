package fakegcs

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// serve writes the content, or the range of it that is asked for.
func (o object) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if o.contentType != "" {
		h.Set("Content-Type", o.contentType)
	} else {
		h.Set("Content-Type", "application/octet-stream")
	}
	h.Set("ETag", `"`+strconv.FormatInt(o.generation, 10)+`"`)
	h.Set("X-Goog-Generation", strconv.FormatInt(o.generation, 10))
	h.Set("X-Goog-Metageneration", "1")
	h.Set("X-Goog-Stored-Content-Encoding", "identity")
	h.Set("X-Goog-Stored-Content-Length", strconv.Itoa(len(o.data)))
	h.Add("X-Goog-Hash", "crc32c="+crc32c(o.data))
	h.Add("X-Goog-Hash", "md5="+md5Hash(o.data))
	http.ServeContent(w, r, "", o.updated, bytes.NewReader(o.data))
}

// readXML reads by the other protocol, as the client library does unless it is told to use JSON. Errors are XML there.
func (s *Server) readXML(w http.ResponseWriter, r *http.Request) error {
	o, err := s.find(r)
	if failed := (*apiError)(nil); errors.As(err, &failed) {
		code := "NoSuchKey"
		if _, found := s.store.bucket(r.PathValue("bucket")); !found {
			code = "NoSuchBucket"
		}
		w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
		w.WriteHeader(failed.status)
		_, _ = fmt.Fprintf(w, "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>%s</Message></Error>", code,
			"The specified key or bucket does not exist.") // who went away needs no answer
		return nil
	}
	o.serve(w, r)
	return nil
}
