package lifecycle

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/beamlytics/streamlytics/test/fakes/fakegcs"
)

// place is where files come to lie.
type place interface {
	// path is the full name of a file, or of a glob.
	path(name string) string
	// put makes a file appear in one step.
	put(t *testing.T, name string, data []byte)
	// env tells the program where the place is.
	env() []string
}

// folder is a place on this machine.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) env() []string { return nil }

// put renames, as the documents say.
func (f folder) put(t *testing.T, name string, data []byte) {
	t.Helper()
	hidden := f.path("." + name + ".part")
	if err := os.WriteFile(hidden, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(hidden, f.path(name)); err != nil {
		t.Fatal(err)
	}
}

// bucket is a place in Cloud Storage.
type bucket struct{ server *fakegcs.Server }

func newBucket(t *testing.T) bucket {
	t.Helper()
	server := fakegcs.Start(t)
	server.CreateBucket("shop")
	return bucket{server}
}

func (b bucket) path(name string) string { return "gs://shop/in/" + name }

func (b bucket) env() []string { return []string{"STORAGE_EMULATOR_HOST=" + b.server.Addr()} }

func (b bucket) put(_ *testing.T, name string, data []byte) { b.server.Put("shop", "in/"+name, data) }

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
