package fakegcs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"github.com/beamlytics/streamlytics/test/fakes/fakegcs"
)

const bucket = "shop"

// start serves and says so to Google's client library.
func start(t *testing.T) *fakegcs.Server {
	t.Helper()
	s := fakegcs.Start(t)
	t.Setenv("STORAGE_EMULATOR_HOST", s.Addr())
	return s
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func client(t *testing.T) *storage.Client {
	t.Helper()
	c, err := storage.NewClient(within(t))
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	failed := (*googleapi.Error)(nil)
	if !errors.As(err, &failed) || failed.Code != code {
		t.Errorf("got %v, want %d", err, code)
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// TestWritesAndReads puts objects of several sizes through both kinds of upload and both kinds of read.
func TestWritesAndReads(t *testing.T) {
	s := start(t)
	ctx := within(t)
	must(t, s.CreateBucket(bucket, 0))
	xml := client(t)
	json, err := storage.NewClient(ctx, storage.WithJSONReads())
	must(t, err)
	t.Cleanup(func() { _ = json.Close() })

	const chunk = 256 << 10
	for _, size := range []int{0, 1, 1000, chunk - 1, chunk, chunk + 1, 3 * chunk, 3*chunk + 17} {
		for _, chunkSize := range []int{0, chunk, 16 << 20} { // one request, resumable, one request for what is less
			name := "dir/a b&c/" + strconv.Itoa(size) + "-" + strconv.Itoa(chunkSize)
			want := randomBytes(size)
			w := xml.Bucket(bucket).Object(name).NewWriter(ctx)
			w.ChunkSize, w.ContentType = chunkSize, "text/csv"
			_, err := w.Write(want)
			must(t, err)
			must(t, w.Close())
			if got, found := s.Get(bucket, name); !found || !bytes.Equal(got, want) {
				t.Errorf("%s: stored %d bytes of %d, or others", name, len(got), size)
			}
			attrs, err := xml.Bucket(bucket).Object(name).Attrs(ctx)
			must(t, err)
			if attrs.Size != int64(size) || attrs.ContentType != "text/csv" || attrs.Generation != w.Attrs().Generation || attrs.Updated.IsZero() {
				t.Errorf("%s: attributes are %+v", name, attrs)
			}
			for kind, c := range map[string]*storage.Client{"XML": xml, "JSON": json} {
				r, err := c.Bucket(bucket).Object(name).NewReader(ctx)
				must(t, err)
				got, err := io.ReadAll(r) // checks the checksum
				must(t, err)
				if !bytes.Equal(got, want) {
					t.Errorf("%s by %s: read other bytes", name, kind)
				}
				if size < 1000 {
					continue
				}
				r, err = c.Bucket(bucket).Object(name).NewRangeReader(ctx, 100, 50)
				must(t, err)
				got, err = io.ReadAll(r)
				must(t, err)
				if !bytes.Equal(got, want[100:150]) || r.Attrs.Size != int64(size) {
					t.Errorf("%s by %s: read another range", name, kind)
				}
			}
		}
	}
}

// TestNothingOfAnUploadShowsBeforeItsEnd holds the earlier content against an upload that is under way and one that is given up.
func TestNothingOfAnUploadShowsBeforeItsEnd(t *testing.T) {
	s := start(t)
	s.Put(bucket, "counts", []byte("old"))
	object := client(t).Bucket(bucket).Object("counts")
	read := func() string {
		b, _ := s.Get(bucket, "counts")
		return string(b)
	}

	ctx, giveUp := context.WithCancel(within(t))
	w := object.NewWriter(ctx)
	sent := make(chan int64, 100)
	w.ChunkSize, w.ProgressFunc = 256<<10, func(n int64) { sent <- n }
	_, err := w.Write(randomBytes(1 << 20))
	must(t, err)
	<-sent // a chunk is there
	if got := read(); got != "old" {
		t.Errorf("read %d bytes before the end of the upload", len(got))
	}
	giveUp()
	if err := w.Close(); err == nil {
		t.Error("an upload that was given up succeeded")
	}
	if got := read(); got != "old" {
		t.Errorf("read %d bytes of an upload that was given up", len(got))
	}
}

func TestWrongChecksumStoresNothing(t *testing.T) {
	s := start(t)
	must(t, s.CreateBucket(bucket, 0))
	for _, chunkSize := range []int{0, 256 << 10} {
		w := client(t).Bucket(bucket).Object("x").NewWriter(within(t))
		w.ChunkSize, w.MD5 = chunkSize, make([]byte, 16)
		_, err := w.Write(randomBytes(600 << 10))
		if closed := w.Close(); err == nil {
			err = closed
		}
		wantCode(t, err, http.StatusBadRequest)
	}
	if names := s.Names(bucket); len(names) != 0 {
		t.Errorf("stored %v", names)
	}
}

func TestListings(t *testing.T) {
	s := start(t)
	var all []string
	for i := range 2345 { // three pages
		all = append(all, "many/"+strconv.Itoa(10_000+i))
	}
	for _, name := range append(slices.Clone(all), "a", "b/1", "b/2", "c/d/1", "ß") {
		s.Put(bucket, name, []byte(name))
	}
	b := client(t).Bucket(bucket)
	for name, c := range map[string]struct {
		query          storage.Query
		want, prefixes []string
	}{
		"prefix":        {query: storage.Query{Prefix: "many/"}, want: all},
		"folders":       {query: storage.Query{Delimiter: "/"}, want: []string{"a", "ß"}, prefixes: []string{"b/", "c/", "many/"}},
		"in one folder": {query: storage.Query{Prefix: "b/", Delimiter: "/"}, want: []string{"b/1", "b/2"}},
		"offsets":       {query: storage.Query{StartOffset: "b/2", EndOffset: "many/10002"}, want: []string{"b/2", "c/d/1", "many/10000", "many/10001"}},
		"nothing":       {query: storage.Query{Prefix: "x"}},
	} {
		it, got, prefixes := b.Objects(within(t), &c.query), []string(nil), []string(nil)
		for {
			attrs, err := it.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			must(t, err)
			if attrs.Prefix != "" {
				prefixes = append(prefixes, attrs.Prefix)
			} else {
				got = append(got, attrs.Name)
			}
		}
		if !slices.Equal(got, c.want) || !slices.Equal(prefixes, c.prefixes) {
			t.Errorf("%s: listed %d names and %v, want %d and %v", name, len(got), prefixes, len(c.want), c.prefixes)
		}
	}
	if names := s.Names(bucket); len(names) != len(all)+5 {
		t.Errorf("%d names, want %d", len(names), len(all)+5)
	}
}

func TestCopiesAndDeletes(t *testing.T) {
	s := start(t)
	ctx := within(t)
	s.Put(bucket, "in/counts", []byte("1;2"))
	must(t, s.CreateBucket("other", 0))
	c := client(t)
	from, to := c.Bucket(bucket).Object("in/counts"), c.Bucket("other").Object("done/counts")
	_, err := to.CopierFrom(from).Run(ctx)
	must(t, err)
	must(t, from.Delete(ctx))
	if got, _ := s.Get("other", "done/counts"); string(got) != "1;2" {
		t.Errorf("copied %q", got)
	}
	if _, found := s.Get(bucket, "in/counts"); found {
		t.Error("what was deleted is there")
	}
	if err := from.Delete(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("deleted again: %v", err)
	}
}

func TestReadsOfOneGeneration(t *testing.T) {
	s := start(t)
	ctx := within(t)
	s.Put(bucket, "counts", []byte("old"))
	object := client(t).Bucket(bucket).Object("counts")
	attrs, err := object.Attrs(ctx)
	must(t, err)
	s.Put(bucket, "counts", []byte("new"))
	if _, err := object.Generation(attrs.Generation).NewReader(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("read the generation before: %v", err)
	}
	after, err := object.Attrs(ctx)
	must(t, err)
	if after.Generation <= attrs.Generation {
		t.Errorf("generation %d after %d", after.Generation, attrs.Generation)
	}
}

func TestBuckets(t *testing.T) {
	s := start(t)
	ctx := within(t)
	b := client(t).Bucket(bucket)
	if _, err := b.Attrs(ctx); !errors.Is(err, storage.ErrBucketNotExist) {
		t.Errorf("attributes of no bucket: %v", err)
	}
	must(t, b.Create(ctx, "project", nil))
	attrs, err := b.Attrs(ctx)
	must(t, err)
	if attrs.Name != bucket || attrs.SoftDeletePolicy == nil || attrs.SoftDeletePolicy.RetentionDuration != 7*24*time.Hour {
		t.Errorf("attributes are %+v", attrs)
	}
	wantCode(t, b.Create(ctx, "project", nil), http.StatusConflict)
	if err := s.CreateBucket(bucket, 0); err == nil {
		t.Error("a bucket was created twice")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := start(t)
	ctx := within(t)
	must(t, s.CreateBucket(bucket, 0))
	c := client(t)
	for name, read := range map[string]func() error{
		"attributes": func() error { _, err := c.Bucket(bucket).Object("x").Attrs(ctx); return err },
		"content":    func() error { _, err := c.Bucket(bucket).Object("x").NewReader(ctx); return err },
	} {
		if err := read(); !errors.Is(err, storage.ErrObjectNotExist) {
			t.Errorf("%s of no object: %v", name, err)
		}
	}
	if _, err := c.Bucket("nowhere").Objects(ctx, nil).Next(); !errors.Is(err, storage.ErrBucketNotExist) {
		t.Errorf("listing of no bucket: %v", err)
	}
	w := c.Bucket("nowhere").Object("x").NewWriter(ctx)
	wantCode(t, w.Close(), http.StatusNotFound)

	_, err := c.Bucket("nowhere").Object("x").Attrs(ctx)
	failed := (*googleapi.Error)(nil)
	if !errors.As(err, &failed) || len(failed.Errors) != 1 || failed.Errors[0].Reason != "notFound" {
		t.Errorf("no error body of Google's: %v", err)
	}
}

// TestParametersAreNotIgnored has the client ask for what is not here.
func TestParametersAreNotIgnored(t *testing.T) {
	s := start(t)
	s.Put(bucket, "x", nil)
	w := client(t).Bucket(bucket).Object("x").If(storage.Conditions{DoesNotExist: true}).NewWriter(within(t))
	wantCode(t, w.Close(), http.StatusBadRequest)
}

func TestManyAtOnce(t *testing.T) {
	s := start(t)
	ctx := within(t)
	must(t, s.CreateBucket(bucket, 0))
	c := client(t)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			name := strconv.Itoa(i % 4)
			w := c.Bucket(bucket).Object(name).NewWriter(ctx)
			w.ChunkSize = 256 << 10
			_, err := w.Write(bytes.Repeat([]byte(name), 600<<10))
			if err = errors.Join(err, w.Close()); err != nil {
				t.Errorf("write %s: %v", name, err)
			}
			it := c.Bucket(bucket).Objects(ctx, nil)
			if _, err := it.Next(); err != nil {
				t.Errorf("list: %v", err)
			}
			if got, _ := s.Get(bucket, name); !bytes.Equal(got, bytes.Repeat([]byte(name), 600<<10)) {
				t.Errorf("%s is not whole", name)
			}
		})
	}
	all.Wait()
}
