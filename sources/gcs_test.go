package sources

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// fakeGCS serves the objects of one bucket, as much as reading needs of it, and makes gs:// go there.
func fakeGCS(t *testing.T, bucket string, objects map[string]string) {
	t.Helper()
	mux := http.NewServeMux()
	type object struct {
		Name   string `json:"name"`
		Bucket string `json:"bucket"`
		Size   int    `json:"size,string"`
	}
	mux.HandleFunc("GET /storage/v1/b/"+bucket+"/o", func(w http.ResponseWriter, r *http.Request) {
		items := []object{}
		for name, text := range objects {
			if strings.HasPrefix(name, r.FormValue("prefix")) {
				items = append(items, object{name, bucket, len(text)})
			}
		}
		answer(t, w, map[string]any{"kind": "storage#objects", "items": items})
	})
	mux.HandleFunc("GET /storage/v1/b/"+bucket+"/o/{object}", func(w http.ResponseWriter, r *http.Request) {
		text, ok := objects[r.PathValue("object")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		answer(t, w, object{r.PathValue("object"), bucket, len(text)})
	})
	mux.HandleFunc("GET /"+bucket+"/{object...}", func(w http.ResponseWriter, r *http.Request) {
		text, ok := objects[r.PathValue("object")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Errorf("fake GCS: %v", err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", server.URL)
}

func answer(t *testing.T, w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		t.Errorf("fake GCS: %v", err)
	}
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
