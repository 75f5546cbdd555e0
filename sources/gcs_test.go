package sources

import (
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/fakegcs"
)

// fakeGCS serves the objects of one bucket, and makes gs:// go there.
func fakeGCS(t *testing.T, bucket string, objects map[string]string) {
	t.Helper()
	server := fakegcs.Start(t)
	for name, text := range objects {
		server.Put(bucket, name, []byte(text))
	}
	t.Setenv("STORAGE_EMULATOR_HOST", server.Addr())
}

func TestCloudStorage(t *testing.T) {
	fakeGCS(t, "deliveries", map[string]string{
		"wms/2026-03-01.csv.gz": string(gzipped(t, "sku,store_id,count\n1,2,3\n4,5,6\n")),
		"wms/2026-03-02.jsonl":  "{\"sku\":7}\n",
		"wms/old/2025.csv":      "sku\n8\n",
		"pos/2026-03-01.csv":    "sku\n9\n",
	})
	files, err := Match(t.Context(), "gs://deliveries/wms/*")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"gs://deliveries/wms/2026-03-01.csv.gz", "gs://deliveries/wms/2026-03-02.jsonl"}; !slices.Equal(files, want) {
		t.Fatalf("matched %q, want %q", files, want)
	}
	var got []string
	for _, path := range files {
		for _, m := range open(t, File{Path: path, Format: event.FormatWMS}, 0).rest(t, 10) {
			got = append(got, string(m.Data))
		}
	}
	if want := []string{"1,2,3", "4,5,6", `{"sku":7}`}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if size, err := sizeOf(t.Context(), "gs://deliveries/wms/2026-03-02.jsonl"); err != nil || size != 10 {
		t.Errorf("size %d, %v", size, err)
	}
	if _, err := Match(t.Context(), "gs://deliveries/nothing/*"); err == nil || !strings.Contains(err.Error(), "gs://deliveries/nothing/*") {
		t.Errorf("no match: %v", err)
	}
	if _, err := openCursor(t.Context(), File{Path: "gs://deliveries/gone.csv"}, 0); err == nil || !strings.Contains(err.Error(), "gs://deliveries/gone.csv") {
		t.Errorf("a missing object: %v", err)
	}
}
