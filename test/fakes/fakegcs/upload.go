package fakegcs

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
)

// uploads are the ways in which objects come in.
type uploads struct {
	store *store

	mu       sync.Mutex // also held while a chunk is taken in
	sessions map[string]*session
}

func newUploads(s *store) *uploads { return &uploads{store: s, sessions: map[string]*session{}} }

// metadata is what the client says of an object besides its content.
type metadata struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Crc32c      string `json:"crc32c"`
	Md5Hash     string `json:"md5Hash"`
}

func (u *uploads) post(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if _, found := u.store.bucket(r.PathValue("bucket")); !found {
		return noBucket()
	}
	if id := query.Get("upload_id"); id != "" {
		return u.chunk(w, r, id)
	}
	switch kind := query.Get("uploadType"); kind {
	case "multipart":
		return u.multipart(w, r)
	case "resumable":
		return u.begin(w, r)
	case "media":
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return badRequest("Content: " + err.Error())
		}
		return u.finish(w, r, metadata{Name: query.Get("name"), ContentType: r.Header.Get("Content-Type")}, data)
	default:
		return badRequest("Invalid upload type: " + kind)
	}
}

// multipart is a JSON part and one with the content, in one request.
func (u *uploads) multipart(w http.ResponseWriter, r *http.Request) error {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/related" {
		return badRequest("A multipart upload needs the content type multipart/related.")
	}
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	var m metadata
	first, err := parts.NextPart()
	if err == nil {
		m, err = readMetadata(first, r)
	}
	if err != nil {
		return badRequest("Metadata: " + err.Error())
	}
	second, err := parts.NextPart()
	if err != nil {
		return badRequest("Content: " + err.Error())
	}
	if m.ContentType == "" {
		m.ContentType = second.Header.Get("Content-Type")
	}
	data, err := io.ReadAll(second)
	if err != nil {
		return badRequest("Content: " + err.Error())
	}
	if _, err := parts.NextPart(); !errors.Is(err, io.EOF) {
		return badRequest("A multipart upload has two parts and an end.")
	}
	return u.finish(w, r, m, data)
}

// readMetadata may find nothing. The name in the path of a request comes before the one in its body.
func readMetadata(body io.Reader, r *http.Request) (m metadata, err error) {
	if err := json.NewDecoder(body).Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return m, err
	}
	if name := r.URL.Query().Get("name"); name != "" {
		m.Name = name
	}
	return m, nil
}

// finish stores the whole object, if it is what the client meant.
func (u *uploads) finish(w http.ResponseWriter, r *http.Request, m metadata, data []byte) error {
	o, err := u.keep(r, m, data)
	if err != nil {
		return err
	}
	return writeJSON(w, o)
}

func (u *uploads) keep(r *http.Request, m metadata, data []byte) (stored objectResource, err error) {
	if m.Name == "" {
		return stored, failure(http.StatusBadRequest, "required", "Required object name is missing.")
	}
	for _, text := range r.Header.Values("X-Goog-Hash") {
		for hash := range strings.SplitSeq(text, ",") {
			if sum, found := strings.CutPrefix(strings.TrimSpace(hash), "crc32c="); found {
				m.Crc32c = sum
			} else if sum, found := strings.CutPrefix(strings.TrimSpace(hash), "md5="); found {
				m.Md5Hash = sum
			}
		}
	}
	if m.Crc32c != "" && m.Crc32c != crc32c(data) {
		return stored, badRequest("Provided CRC32C \"" + m.Crc32c + "\" doesn't match calculated CRC32C \"" + crc32c(data) + "\".")
	}
	if m.Md5Hash != "" && m.Md5Hash != md5Hash(data) {
		return stored, badRequest("Provided MD5 hash \"" + m.Md5Hash + "\" doesn't match calculated MD5 hash \"" + md5Hash(data) + "\".")
	}
	bucket := r.PathValue("bucket")
	o, found := u.store.put(bucket, m.Name, m.ContentType, data)
	if !found {
		return stored, noBucket()
	}
	return o.resource(bucket, m.Name), nil
}
