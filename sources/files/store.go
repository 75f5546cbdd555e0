package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/storage"
)

// entry is the state of a file at one moment.
type entry struct {
	path       string
	size       int64 // bytes as stored
	modified   time.Time
	generation int64       // of an object, which never changes; 0 for a local file
	info       fs.FileInfo // of a local file
	err        error       // of reading the other fields
}

// same reports whether the file appears unchanged between the two entries.
func (e entry) same(o entry) bool {
	if e.generation != 0 && e.generation == o.generation {
		return true
	}
	if e.size != o.size || e.generation != o.generation || !e.modified.Equal(o.modified) ||
		(e.err == nil) != (o.err == nil) {
		return false
	}
	return e.info == nil || o.info == nil || os.SameFile(e.info, o.info)
}

// store lists and opens files, local ones and those in gs://. It is safe for concurrent use.
type store struct {
	mu  sync.Mutex
	gcs *storage.Client // opened on first use
}

// inBucket reports whether a path or glob begins with gs://. Any other scheme is an error.
func inBucket(path string) (bool, error) {
	scheme, _, found := strings.Cut(path, "://")
	if found && scheme != "gs" {
		return false, fmt.Errorf("%s: files are local or in gs://, not in %s://", path, scheme)
	}
	return found, nil
}

// list returns the files that match a glob, sorted by their paths. It leaves out folders.
func (s *store) list(ctx context.Context, glob string) ([]entry, error) {
	bucket, err := inBucket(glob)
	if err != nil {
		return nil, err
	}
	if !bucket {
		entries, err := listLocal(glob)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", glob, err)
		}
		return entries, nil
	}
	client, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := listBucket(ctx, client, glob)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", glob, err)
	}
	return entries, nil
}

// open opens a file for reading, an object in the generation of e if it has one. It also returns
// the state of the file at that time. All that is read of an object is of one generation.
func (s *store) open(ctx context.Context, e entry) (io.ReadCloser, entry, error) {
	bucket, err := inBucket(e.path)
	if err != nil {
		return nil, entry{}, err
	}
	if bucket {
		client, err := s.client(ctx)
		if err != nil {
			return nil, entry{}, err
		}
		return openObject(ctx, client, e)
	}
	f, err := os.Open(e.path)
	if err != nil {
		return nil, entry{}, err // names the file
	}
	info, err := f.Stat()
	if err != nil {
		return nil, entry{}, errors.Join(err, f.Close())
	}
	return f, localEntry(e.path, info), nil
}

func (s *store) client(ctx context.Context) (*storage.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gcs == nil {
		client, err := newStorageClient(context.WithoutCancel(ctx)) // outlives the bundle
		if err != nil {
			return nil, err
		}
		s.gcs = client
	}
	return s.gcs, nil
}

// Close closes the connections.
func (s *store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gcs == nil {
		return nil
	}
	err := s.gcs.Close()
	s.gcs = nil
	return err
}

func localEntry(path string, info fs.FileInfo) entry {
	return entry{path: path, size: info.Size(), modified: info.ModTime(), info: info}
}

// listLocal is list for local files. The entry of a file without access has the error.
func listLocal(glob string) (entries []entry, err error) {
	paths, err := filepath.Glob(glob)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, checkFolder(glob)
	}
	for _, path := range paths { // sorted
		if e, found := statLocal(path); found {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// statLocal returns the state of a file, and false if there is none or it is a folder.
func statLocal(path string) (_ entry, found bool) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, lost := os.Lstat(path); lost != nil {
			return entry{}, false // removed since it was listed
		}
	}
	if err != nil {
		return entry{path: path, err: err}, true
	}
	return localEntry(path, info), !info.IsDir()
}

// checkFolder returns the error of reading the folder of a glob, which filepath.Glob hides. It may
// be missing.
func checkFolder(glob string) error {
	folder := filepath.Dir(glob)
	if i := strings.IndexAny(folder, `*?[\`); i >= 0 {
		folder = filepath.Dir(folder[:i] + "x")
	}
	f, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = f.Readdirnames(1); errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
