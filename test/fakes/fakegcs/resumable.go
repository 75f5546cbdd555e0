package fakegcs

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// chunkUnit is what every chunk of a resumable upload but the last is a multiple of, in bytes.
const chunkUnit = 256 << 10

// session is a resumable upload.
type session struct {
	bucket   string
	metadata metadata
	data     []byte
	stored   *objectResource // once it is whole
}

// begin opens a session and says where its chunks go.
func (u *uploads) begin(w http.ResponseWriter, r *http.Request) error {
	m, err := readMetadata(r.Body, r)
	if err != nil {
		return badRequest("Metadata: " + err.Error())
	}
	if m.Name == "" {
		return failure(http.StatusBadRequest, "required", "Required object name is missing.")
	}
	if m.ContentType == "" {
		m.ContentType = r.Header.Get("X-Upload-Content-Type")
	}
	id := rand.Text()
	u.mu.Lock()
	u.sessions[id] = &session{bucket: r.PathValue("bucket"), metadata: m}
	u.mu.Unlock()
	at := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath,
		RawQuery: url.Values{"uploadType": {"resumable"}, "upload_id": {id}}.Encode()}
	w.Header().Set("Location", at.String())
	w.Header().Set("X-GUploader-UploadID", id)
	return nil
}

// chunk takes in what follows on what is there, or says how much is there.
func (u *uploads) chunk(w http.ResponseWriter, r *http.Request, id string) error {
	first, total, err := contentRange(r.Header.Get("Content-Range"))
	if err != nil {
		return badRequest(err.Error())
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return badRequest("Content: " + err.Error())
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.sessions[id]
	if s == nil || s.bucket != r.PathValue("bucket") {
		return failure(http.StatusNotFound, "notFound", "No such upload session.")
	}
	if s.stored != nil {
		return writeJSON(w, s.stored) // the answer was lost, and the client asks again
	}
	if first >= 0 {
		if err := s.add(first, total, body); err != nil {
			return err
		}
	}
	if total < 0 || len(s.data) < total {
		s.incomplete(w, r)
		return nil
	}
	stored, err := u.keep(r, s.metadata, s.data)
	if err != nil {
		return err
	}
	s.stored, s.data = &stored, nil
	return writeJSON(w, stored)
}

// add appends a chunk. What is there already is not taken twice: a client repeats a chunk whose answer it did not get.
func (s *session) add(first, total int, body []byte) error {
	switch end := first + len(body); {
	case first > len(s.data):
		return badRequest(fmt.Sprintf("The chunk begins at %d, but only %d bytes are there.", first, len(s.data)))
	case total >= 0 && end > total:
		return badRequest("The chunk ends after the object.")
	case end != total && len(body)%chunkUnit != 0:
		return badRequest("Every chunk but the last is a multiple of 256 KiB.")
	case end > len(s.data):
		s.data = append(s.data, body[len(s.data)-first:]...)
	}
	return nil
}

// incomplete is the answer 308, which clients ask to get as a header, because others use 308 for something else.
func (s *session) incomplete(w http.ResponseWriter, r *http.Request) {
	if n := len(s.data); n > 0 {
		w.Header().Set("Range", "bytes=0-"+strconv.Itoa(n-1))
	}
	if r.Header.Get("X-GUploader-No-308") == "yes" {
		w.Header().Set("X-HTTP-Status-Code-Override", "308")
		return
	}
	w.WriteHeader(http.StatusPermanentRedirect)
}

// contentRange reads "bytes 0-9/20", "bytes 0-9/*", "bytes */20" and "bytes */*". What it does not say is -1.
func contentRange(text string) (first, total int, err error) {
	bad := fmt.Errorf("invalid Content-Range %q", text)
	span, found := strings.CutPrefix(text, "bytes ")
	if !found {
		return 0, 0, bad
	}
	bytes, size, found := strings.Cut(span, "/")
	if !found {
		return 0, 0, bad
	}
	first, total = -1, -1
	if size != "*" {
		if total, err = strconv.Atoi(size); err != nil {
			return 0, 0, bad
		}
	}
	if bytes != "*" {
		from, _, _ := strings.Cut(bytes, "-")
		if first, err = strconv.Atoi(from); err != nil || first < 0 {
			return 0, 0, bad
		}
	}
	return first, total, nil
}
