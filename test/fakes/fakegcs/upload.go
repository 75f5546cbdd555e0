package fakegcs

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// uploads accepts objects, in one request or in chunks.
type uploads struct {
	store *store

	mu       sync.Mutex
	sessions map[string]*session // of resumable uploads, by id
}

// session is a resumable upload.
type session struct {
	metadata metadata
	data     []byte
}

// metadata is the part of an upload besides the content.
type metadata struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
}

func (u *uploads) post(w http.ResponseWriter, r *http.Request) error {
	if _, found := u.store.names(r.PathValue("bucket")); !found {
		return errNotFound
	}
	query := r.URL.Query()
	if id := query.Get("upload_id"); id != "" {
		return u.chunk(w, r, id)
	}
	switch kind := query.Get("uploadType"); kind {
	case "multipart":
		return u.multipart(w, r)
	case "resumable":
		return u.begin(w, r)
	default:
		return badRequest("Invalid upload type: " + kind)
	}
}

// multipart accepts a JSON part and one with the content.
func (u *uploads) multipart(w http.ResponseWriter, r *http.Request) error {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return badRequest("Content-Type: " + err.Error())
	}
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	first, err := parts.NextPart()
	if err != nil {
		return badRequest("Metadata: " + err.Error())
	}
	m, err := readMetadata(first, r)
	if err != nil {
		return badRequest("Metadata: " + err.Error())
	}
	second, err := parts.NextPart()
	if err != nil {
		return badRequest("Content: " + err.Error())
	}
	data, err := io.ReadAll(second)
	if err != nil {
		return badRequest("Content: " + err.Error())
	}
	return u.keep(w, r, m, data)
}

// begin opens a session and returns the address of its chunks.
func (u *uploads) begin(w http.ResponseWriter, r *http.Request) error {
	m, err := readMetadata(r.Body, r)
	if err != nil {
		return badRequest("Metadata: " + err.Error())
	}
	id := rand.Text()
	u.mu.Lock()
	u.sessions[id] = &session{metadata: m}
	u.mu.Unlock()
	at := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath,
		RawQuery: url.Values{"uploadType": {"resumable"}, "upload_id": {id}}.Encode()}
	w.Header().Set("Location", at.String())
	return nil
}

// chunk appends to a session. The object is stored with the chunk whose Content-Range, "bytes
// 0-9/*" or "bytes 0-9/10", has the size of the object.
func (u *uploads) chunk(w http.ResponseWriter, r *http.Request, id string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return badRequest("Content: " + err.Error())
	}
	span := strings.TrimPrefix(r.Header.Get("Content-Range"), "bytes ")
	from, size, _ := strings.Cut(span, "/")
	from, _, _ = strings.Cut(from, "-")
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.sessions[id]
	if s == nil {
		return errNotFound
	}
	if n := strconv.Itoa(len(s.data)); len(body) > 0 && from != n {
		return badRequest("A chunk with Content-Range " + span + " does not follow on " + n + " bytes.")
	}
	s.data = append(s.data, body...)
	switch size {
	case strconv.Itoa(len(s.data)):
		delete(u.sessions, id)
		return u.keep(w, r, s.metadata, s.data)
	case "*":
		w.Header().Set("Range", "bytes=0-"+strconv.Itoa(len(s.data)-1))
		w.Header().Set("X-HTTP-Status-Code-Override", "308") // in place of the status, as the client asks
		return nil
	default:
		return badRequest("The last chunk with Content-Range " + span + " makes another size.")
	}
}

// readMetadata accepts an empty body. The name in the path of a request takes precedence over the
// one in its body.
func readMetadata(body io.Reader, r *http.Request) (m metadata, err error) {
	if err := json.NewDecoder(body).Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return m, err
	}
	if name := r.URL.Query().Get("name"); name != "" {
		m.Name = name
	}
	return m, nil
}

// keep stores a whole object.
func (u *uploads) keep(w http.ResponseWriter, r *http.Request, m metadata, data []byte) error {
	if m.Name == "" {
		return badRequest("Required object name is missing.")
	}
	bucket := r.PathValue("bucket")
	o, found := u.store.put(bucket, m.Name, m.ContentType, data)
	if !found {
		return errNotFound
	}
	return writeJSON(w, o.resource(bucket, m.Name))
}
