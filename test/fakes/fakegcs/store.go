package fakegcs

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// defaultSoftDelete is how long a bucket keeps deleted objects when nothing was said about it.
const defaultSoftDelete = 7 * 24 * time.Hour

// store holds buckets and objects. It is safe for concurrent use.
type store struct {
	mu         sync.Mutex
	buckets    map[string]*bucket
	generation int64 // the last one given
}

type bucket struct {
	created    time.Time
	softDelete time.Duration
	objects    map[string]object
}

// object is never changed once it is stored.
type object struct {
	data        []byte
	contentType string
	generation  int64
	updated     time.Time
}

func newStore() *store { return &store{buckets: map[string]*bucket{}} }

// createBucket says whether the bucket is new.
func (s *store) createBucket(name string, softDelete time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] != nil {
		return false
	}
	s.buckets[name] = &bucket{created: time.Now(), softDelete: softDelete, objects: map[string]object{}}
	return true
}

// bucket is what is known of a bucket but its objects.
func (s *store) bucket(name string) (b bucket, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored := s.buckets[name]; stored != nil {
		return bucket{created: stored.created, softDelete: stored.softDelete}, true
	}
	return bucket{}, false
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
	// Generations only grow, and say when, as the service's do.
	s.generation = max(s.generation+1, now.UnixMicro())
	o := object{data: slices.Clone(data), contentType: contentType, generation: s.generation, updated: now}
	b.objects[name] = o
	return o, true
}

func (s *store) get(bucket, name string) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		o, found := b.objects[name]
		return o, found
	}
	return object{}, false
}

// remove says whether there was such an object.
func (s *store) remove(bucket, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return false
	}
	_, found := b.objects[name]
	delete(b.objects, name)
	return found
}

// names are sorted. It says whether there is such a bucket.
func (s *store) names(bucket string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return nil, false
	}
	return slices.Sorted(maps.Keys(b.objects)), true
}
