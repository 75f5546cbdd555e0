package fakegcs

import (
	"crypto/md5" //nolint:gosec // the protocol's checksum, nothing secret
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"strconv"
	"time"
)

// objectResource is an object as the protocol writes it.
type objectResource struct {
	Kind           string    `json:"kind"`
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	Bucket         string    `json:"bucket"`
	Generation     int64     `json:"generation,string"`
	Metageneration int64     `json:"metageneration,string"`
	ContentType    string    `json:"contentType,omitempty"`
	Size           int       `json:"size,string"`
	Crc32c         string    `json:"crc32c"`
	Md5Hash        string    `json:"md5Hash"`
	StorageClass   string    `json:"storageClass"`
	TimeCreated    time.Time `json:"timeCreated"`
	Updated        time.Time `json:"updated"`
}

func (o object) resource(bucket, name string) objectResource {
	return objectResource{
		Kind: "storage#object", ID: bucket + "/" + name + "/" + strconv.FormatInt(o.generation, 10), Name: name, Bucket: bucket,
		Generation: o.generation, Metageneration: 1, ContentType: o.contentType, Size: len(o.data), Crc32c: crc32c(o.data),
		Md5Hash: md5Hash(o.data), StorageClass: "STANDARD", TimeCreated: o.updated, Updated: o.updated,
	}
}

func crc32c(data []byte) string {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

func md5Hash(data []byte) string {
	sum := md5.Sum(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// find is the object that a request names, in the generation it asks for, if it asks for one.
func (s *Server) find(r *http.Request) (object, error) {
	bucket, name := r.PathValue("bucket"), r.PathValue("object")
	if _, found := s.store.bucket(bucket); !found {
		return object{}, noBucket()
	}
	o, found := s.store.get(bucket, name)
	generation := r.URL.Query().Get("generation")
	if !found || generation != "" && generation != strconv.FormatInt(o.generation, 10) {
		return object{}, noObject(bucket, name)
	}
	return o, nil
}

func (s *Server) getObject(w http.ResponseWriter, r *http.Request) error {
	o, err := s.find(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("alt") == "media" {
		o.serve(w, r)
		return nil
	}
	return writeJSON(w, o.resource(r.PathValue("bucket"), r.PathValue("object")))
}

func (s *Server) deleteObject(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.find(r); err != nil {
		return err
	}
	if !s.store.remove(r.PathValue("bucket"), r.PathValue("object")) {
		return noObject(r.PathValue("bucket"), r.PathValue("object"))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rewrite copies an object. It is always done with the first request.
func (s *Server) rewrite(w http.ResponseWriter, r *http.Request) error {
	from, err := s.find(r)
	if err != nil {
		return err
	}
	bucket, name := r.PathValue("toBucket"), r.PathValue("toObject")
	to, found := s.store.put(bucket, name, from.contentType, from.data)
	if !found {
		return noBucket()
	}
	return writeJSON(w, map[string]any{
		"kind": "storage#rewriteResponse", "done": true, "resource": to.resource(bucket, name),
		"totalBytesRewritten": strconv.Itoa(len(to.data)), "objectSize": strconv.Itoa(len(to.data)),
	})
}
