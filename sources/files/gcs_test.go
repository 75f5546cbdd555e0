package files

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/fakes/fakegcs"
)

// fakeGCS serves the objects of one bucket, and makes gs:// go there.
func fakeGCS(t *testing.T, bucket string, objects map[string]string) *fakegcs.Server {
	t.Helper()
	server := fakegcs.Start(t)
	for name, text := range objects {
		server.Put(bucket, name, []byte(text))
	}
	t.Setenv("STORAGE_EMULATOR_HOST", server.Addr())
	return server
}

func TestCloudStorage(t *testing.T) {
	fakeGCS(t, "deliveries", map[string]string{
		"wms/2026-03-01.csv.gz":  string(gzipped(t, columns+"1,2,3,4\n5,6,7,8\n")),
		"wms/2026-03-02?#%.json": "{\"sku\":7}",
		"wms/old/2025.csv":       columns + "8,8,8,8\n",
		"wms/folder/":            "",
		"pos/2026-03-01.csv":     columns + "9,9,9,9\n",
	})
	files, err := Match(t.Context(), "gs://deliveries/wms/*", event.FormatWMS)
	if err != nil {
		t.Fatal(err)
	}
	var paths, got []string
	for _, f := range files {
		paths = append(paths, f.Path)
		c := open(t, f, 0)
		for _, m := range c.rest(t, 10) {
			got = append(got, string(m.Data))
		}
		if c.stored.n != f.Size {
			t.Errorf("%s has %d bytes, and %d were read", f.Path, f.Size, c.stored.n)
		}
	}
	if want := []string{"gs://deliveries/wms/2026-03-01.csv.gz",
		"gs://deliveries/wms/2026-03-02?#%.json"}; !slices.Equal(paths, want) {
		t.Errorf("matched %q, want %q", paths, want)
	}
	if want := []string{"1,2,3,4", "5,6,7,8", `{"sku":7}`}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	for _, bad := range []string{"gs://deliveries/nothing/*", "gs://nowhere/*",
		"gs://deliveries", "gs://deliveries/[a"} {
		if _, err := Match(t.Context(), bad, event.FormatWMS); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := openCursor(t.Context(), &store{}, File{Path: "gs://deliveries/gone.csv"}, 0); err == nil ||
		!strings.Contains(err.Error(), "gs://deliveries/gone.csv") {
		t.Errorf("a missing object: %v", err)
	}
}

func TestObjectPattern(t *testing.T) {
	for _, tt := range []struct {
		glob, names string // those that match, separated by blanks
	}{
		{"wms/*.csv", "wms/a.csv wms/[b].csv"},
		{"**", "wms/a.csv wms/[b].csv wms/x/a.csv wms/x/y/a.csv a.csv"},
		{"wms/**/a.csv", "wms/a.csv wms/x/a.csv wms/x/y/a.csv"},
		{"wms/?.csv", "wms/a.csv"},
		{"wms/[!b].csv", "wms/a.csv"},
		{"wms/[a-c].csv", "wms/a.csv"},
		{"wms/[[]b].csv", "wms/[b].csv"},
		{"wms/a.cs", ""},
		{"wms/*/*", "wms/x/a.csv"},
		{"wms/a+csv", ""},
	} {
		re, err := objectPattern(tt.glob)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range []string{"wms/a.csv", "wms/[b].csv", "wms/x/a.csv", "wms/x/y/a.csv", "a.csv"} {
			if re.MatchString(name) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != tt.names {
			t.Errorf("%s matches %q, want %q", tt.glob, got, tt.names)
		}
	}
	for _, bad := range []string{"a[", "a[b", "a[]", "[z-a]"} {
		if _, err := objectPattern(bad); err == nil {
			t.Errorf("%s is a pattern", bad)
		}
	}
}

// TestWatcherCloudStorage: an object is complete, and a new generation is another file.
func TestWatcherCloudStorage(t *testing.T) {
	server := fakeGCS(t, "deliveries", map[string]string{"a.jsonl": "a1\na2", "other.txt": "no"})
	w := watch(t, 10*time.Second)
	w.watched.Globs = "gs://deliveries/*.jsonl,gs://deliveries/*.gz"
	w.want(0, "a1", "a2")
	w.want(20 * time.Second)
	server.Put("deliveries", "a.jsonl", []byte("a1\na3"))
	server.Put("deliveries", "b.jsonl", nil)
	w.want(5 * time.Second)
	w.want(5*time.Second, "a1", "a3")
	cut := gzipped(t, strings.Repeat("x\n", 20_000))
	server.Put("deliveries", "c.gz", cut[:len(cut)-9])
	w.at = w.at.Add(10 * time.Second)
	messages := w.read()
	if n := len(messages); n == 0 || !strings.Contains(messages[n-1].Unreadable, "cut short") {
		t.Errorf("of a gzip that is cut short come %d messages", n)
	}
	w.want(20 * time.Second)
}

// TestWatcherPinsTheGeneration: what is put in the place of an object while it is read is read
// after it.
func TestWatcherPinsTheGeneration(t *testing.T) {
	var before, after strings.Builder
	for range 100_000 {
		before.WriteString("before, and some more text\n")
		after.WriteString("after\n")
	}
	server := fakeGCS(t, "deliveries", map[string]string{"a.jsonl": before.String()})
	w := watch(t, 10*time.Second)
	w.watched.Globs = "gs://deliveries/*"
	first, err := w.next(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	server.Put("deliveries", "a.jsonl", []byte(after.String()))
	w.at = w.at.Add(20 * time.Second)
	got := slices.Concat(first, w.read())
	w.at = w.at.Add(20 * time.Second)
	got = append(got, w.read()...)
	for i, m := range got {
		if want := []string{"before, and some more text", "after"}[i/100_000]; string(m.Data) != want {
			t.Fatalf("message %d is %q, want %q", i, m.Data, want)
		}
	}
	if len(got) != 200_000 {
		t.Errorf("%d messages", len(got))
	}
}

// TestWatcherOutlivesAnOutage of the service that lists its files.
func TestWatcherOutlivesAnOutage(t *testing.T) {
	fakeGCS(t, "deliveries", map[string]string{"a.jsonl": "a1\n"})
	w := watch(t, 10*time.Second)
	globs := w.watched.Globs
	w.watched.Globs = "gs://deliveries/*.jsonl," + globs
	w.want(0, "a1")
	w.watched.Globs = "gs://not-there/*.jsonl," + globs // a bucket that is not there, or may not be listed
	writeFile(t, w.dir, "b.jsonl", "b1\n")
	w.want(10*time.Second, "b1")
	w.want(10 * time.Second)
	w.watched.Globs = "gs://deliveries/*.jsonl," + globs
	w.want(10 * time.Second)
}
