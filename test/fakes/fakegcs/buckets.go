package fakegcs

import (
	"encoding/json"
	"net/http"
	"time"
)

// bucketResource is a bucket as the protocol writes it.
type bucketResource struct {
	Kind             string            `json:"kind"`
	ID               string            `json:"id"`
	Name             string            `json:"name"`
	Location         string            `json:"location"`
	StorageClass     string            `json:"storageClass"`
	TimeCreated      time.Time         `json:"timeCreated"`
	SoftDeletePolicy *softDeletePolicy `json:"softDeletePolicy,omitempty"`
}

type softDeletePolicy struct {
	RetentionDurationSeconds int64     `json:"retentionDurationSeconds,string"`
	EffectiveTime            time.Time `json:"effectiveTime,omitzero"`
}

func (b bucket) resource(name string) bucketResource {
	return bucketResource{
		Kind: "storage#bucket", ID: name, Name: name, Location: "US", StorageClass: "STANDARD", TimeCreated: b.created,
		SoftDeletePolicy: &softDeletePolicy{RetentionDurationSeconds: int64(b.softDelete / time.Second), EffectiveTime: b.created},
	}
}

func (s *Server) getBucket(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("bucket")
	b, found := s.store.bucket(name)
	if !found {
		return noBucket()
	}
	return writeJSON(w, b.resource(name))
}

func (s *Server) postBucket(w http.ResponseWriter, r *http.Request) error {
	var asked bucketResource
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return badRequest("Bucket: " + err.Error())
	}
	if asked.Name == "" || r.URL.Query().Get("project") == "" {
		return failure(http.StatusBadRequest, "required", "A bucket needs a name and a project.")
	}
	softDelete := defaultSoftDelete
	if asked.SoftDeletePolicy != nil {
		softDelete = time.Duration(asked.SoftDeletePolicy.RetentionDurationSeconds) * time.Second
	}
	if !s.store.createBucket(asked.Name, softDelete) {
		return failure(http.StatusConflict, "conflict", "Your previous request to create the named bucket succeeded and you already own it.")
	}
	b, _ := s.store.bucket(asked.Name)
	return writeJSON(w, b.resource(asked.Name))
}
