package fakegcs_test

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/gcsx"
)

// TestBeamFileSystem is gs:// as the sources see it.
func TestBeamFileSystem(t *testing.T) {
	s := start(t)
	ctx := within(t)
	before := time.Now().Add(-time.Second)
	s.Put(bucket, "counts/2026-11-01.csv", []byte("first"))
	s.Put(bucket, "counts/2026-11-02.csv", []byte("second"))
	s.Put(bucket, "counts/late/2026-11-03.csv", []byte("third"))
	s.Put(bucket, "other.csv", nil)
	fs, err := filesystem.New(ctx, "gs://"+bucket)
	must(t, err)
	defer fs.Close()

	for glob, want := range map[string][]string{
		"gs://shop/counts/*.csv":    {"gs://shop/counts/2026-11-01.csv", "gs://shop/counts/2026-11-02.csv"},
		"gs://shop/counts/**/*.csv": {"gs://shop/counts/2026-11-01.csv", "gs://shop/counts/2026-11-02.csv", "gs://shop/counts/late/2026-11-03.csv"},
		"gs://shop/nothing*":        nil,
	} {
		if got, err := fs.List(ctx, glob); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v", glob, got, err)
		}
	}
	const name = "gs://shop/counts/2026-11-02.csv"
	size, err := fs.Size(ctx, name)
	must(t, err)
	modified, err := fs.(filesystem.LastModifiedGetter).LastModified(ctx, name)
	must(t, err)
	r, err := fs.OpenRead(ctx, name)
	must(t, err)
	content, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if size != 6 || modified.Before(before) || string(content) != "second" {
		t.Errorf("size %d, modified %v, content %q", size, modified, content)
	}

	w, err := fs.OpenWrite(ctx, "gs://shop/written")
	must(t, err)
	_, err = w.Write([]byte("fourth"))
	must(t, err)
	must(t, w.Close())
	must(t, fs.(filesystem.Renamer).Rename(ctx, "gs://shop/written", "gs://shop/renamed"))
	if got, _ := s.Get(bucket, "renamed"); string(got) != "fourth" || slices.Contains(s.Names(bucket), "written") {
		t.Errorf("renamed %q, there are %v", got, s.Names(bucket))
	}
}

// TestBeamStagesAJob is how the Dataflow runner puts a job's model and its worker into a bucket. It has to be there: Beam would
// create one, but does not recognise the error by which the client library says that it is missing.
func TestBeamStagesAJob(t *testing.T) {
	s := start(t)
	ctx := within(t)
	c, err := gcsx.NewClient(ctx, storage.ScopeReadWrite)
	must(t, err)
	defer c.Close()
	must(t, gcsx.CreateBucket(ctx, c, "project", "staging"))
	model := []byte("a small model")
	must(t, dataflowlib.StageModel(ctx, "project", "gs://staging/job/model", model))
	binary := randomBytes(20 << 20) // more than one chunk of the client's
	at, err := gcsx.Upload(ctx, c, "project", "staging", "job/worker", bytes.NewReader(binary))
	must(t, err)
	if at != "gs://staging/job/worker" || !slices.Equal(s.Names("staging"), []string{"job/model", "job/worker"}) {
		t.Errorf("uploaded to %s, there are %v", at, s.Names("staging"))
	}
	for name, want := range map[string][]byte{"job/model": model, "job/worker": binary} {
		if got, _ := s.Get("staging", name); !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, want %d", name, len(got), len(want))
		}
	}

	// Beam creates buckets that keep nothing, and warns of those that do.
	s.Put("kept", "x", nil)
	for bucket, want := range map[string]bool{"staging": false, "kept": true} {
		if got, err := gcsx.SoftDeletePolicyEnabled(ctx, c, bucket); err != nil || got != want {
			t.Errorf("soft delete of %s: %v, %v", bucket, got, err)
		}
	}
}
