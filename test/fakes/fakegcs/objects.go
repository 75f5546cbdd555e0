package fakegcs

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// objectResource is an object in the JSON protocol.
type objectResource struct {
	Kind        string    `json:"kind"`
	Name        string    `json:"name"`
	Bucket      string    `json:"bucket"`
	Generation  int64     `json:"generation,string"`
	ContentType string    `json:"contentType,omitempty"`
	Size        int       `json:"size,string"`
	Crc32c      string    `json:"crc32c"`
	Updated     time.Time `json:"updated"`
}

func (o object) resource(bucket, name string) objectResource {
	return objectResource{Kind: "storage#object", Name: name, Bucket: bucket, Generation: o.generation,
		ContentType: o.contentType, Size: len(o.data), Crc32c: crc32c(o.data), Updated: o.updated}
}

func crc32c(data []byte) string {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

func (s *Server) getBucket(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("bucket")
	if _, found := s.store.names(name); !found {
		return errNotFound
	}
	return writeJSON(w, map[string]string{"kind": "storage#bucket", "id": name, "name": name})
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	bucket := r.PathValue("bucket")
	names, found := s.store.names(bucket)
	if !found {
		return errNotFound
	}
	items := []objectResource{}
	for _, name := range names {
		if !strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
			continue
		}
		if o, found := s.store.get(bucket, name); found {
			items = append(items, o.resource(bucket, name))
		}
	}
	return writeJSON(w, map[string]any{"kind": "storage#objects", "items": items})
}

// read serves the XML protocol, by which the client library reads. Its errors have no body; the
// library needs only their status.
func (s *Server) read(w http.ResponseWriter, r *http.Request) error {
	o, found := s.store.get(r.PathValue("bucket"), r.PathValue("object"))
	generation := strconv.FormatInt(o.generation, 10)
	if asked := r.URL.Query().Get("generation"); !found || asked != "" && asked != generation {
		w.WriteHeader(http.StatusNotFound)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Goog-Generation", generation)
	h.Set("X-Goog-Metageneration", "1")
	h.Set("X-Goog-Stored-Content-Encoding", "identity")
	h.Set("X-Goog-Stored-Content-Length", strconv.Itoa(len(o.data)))
	h.Set("X-Goog-Hash", "crc32c="+crc32c(o.data))
	http.ServeContent(w, r, "", o.updated, bytes.NewReader(o.data))
	return nil
}
