package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/serving"
	"github.com/beamlytics/streamlytics/signal"
)

// document is what the tests read of openapi.json.
type document struct {
	Paths      map[string]map[string]any
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]any
		}
	}
}

func readDocument(t *testing.T) (d document) {
	t.Helper()
	if err := json.Unmarshal(openAPIDocument, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDocumentHasRoutes compares the paths and methods of openapi.json with the routes.
func TestDocumentHasRoutes(t *testing.T) {
	var routes, documented []string
	for _, r := range (&Server{metrics: newMetrics()}).endpoints() {
		routes = append(routes, strings.ToLower(r.method)+" "+r.path)
	}
	for path, methods := range readDocument(t).Paths {
		for method := range methods {
			documented = append(documented, method+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if !slices.Equal(routes, documented) {
		t.Errorf("the routes are\n%v\nand openapi.json has\n%v", routes, documented)
	}
}

// TestDocumentHasFields compares the schemas of openapi.json with the JSON of signals.
func TestDocumentHasFields(t *testing.T) {
	b, err := json.Marshal(serving.Product{StoreID: "1", ProductID: "2",
		Stock:    &signal.Stock{StoreID: "1", ProductID: "2", Barrier: 1, Badge: signal.LowStock},
		Velocity: &signal.Velocity{StoreID: "1", ProductID: "2", Window: signal.WindowHour, HighDemand: true}})
	if err != nil {
		t.Fatal(err)
	}
	var product map[string]json.RawMessage
	if err := json.Unmarshal(b, &product); err != nil {
		t.Fatal(err)
	}
	schemas := readDocument(t).Components.Schemas
	objects := map[string][]byte{"Signal": b, "Stock": product["stock"], "Velocity": product["velocity"]}
	for name, object := range objects {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(object, &fields); err != nil {
			t.Fatal(err)
		}
		got, want := slices.Sorted(maps.Keys(schemas[name].Properties)), slices.Sorted(maps.Keys(fields))
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, and the JSON %v", name, got, want)
		}
		delete(fields, "store_id") // absent for all stores
		slices.Sort(schemas[name].Required)
		if required := slices.Sorted(maps.Keys(fields)); !slices.Equal(schemas[name].Required, required) {
			t.Errorf("%s requires %v, and the JSON always has %v", name, schemas[name].Required, required)
		}
	}
}
