package fakegcs

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// store holds buckets and objects. It is safe for concurrent use.
type store struct {
	mu         sync.Mutex
	buckets    map[string]map[string]object // objects by name, by bucket
	generation int64                        // the last one
}

// object is never changed once it is stored.
type object struct {
	data        []byte
	contentType string
	generation  int64
	updated     time.Time
}

// createBucket creates a bucket if it is missing.
func (s *store) createBucket(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] == nil {
		s.buckets[name] = map[string]object{}
	}
}

// put stores a copy of data, if there is such a bucket.
func (s *store) put(bucket, name, contentType string, data []byte) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return object{}, false
	}
	now := time.Now()
	// Generations only increase, and are times, as in the service.
	s.generation = max(s.generation+1, now.UnixMicro())
	o := object{data: slices.Clone(data), contentType: contentType, generation: s.generation, updated: now}
	b[name] = o
	return o, true
}

func (s *store) get(bucket, name string) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, found := s.buckets[bucket][name]
	return o, found
}

// names returns the names of a bucket's objects, sorted, and whether there is such a bucket.
func (s *store) names(bucket string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	return slices.Sorted(maps.Keys(b)), b != nil
}
