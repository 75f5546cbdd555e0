package bench

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
)

// view polls the flow and the best product of a program's page once a second, as a browser does,
// until the program ends.
func view(t *testing.T, p *rig.Process) {
	page := p.PageURL(t)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ; ; <-tick.C {
		var best struct{ Products []struct{ ID string } }
		paths := []string{"/page/flow", "/page/products?limit=1"}
		for i := 0; i < len(paths); i++ {
			status, body, err := rig.Get(page + paths[i])
			if err != nil {
				return // the program has ended
			}
			if status != http.StatusOK && status != http.StatusNotFound { // of a product that has just left
				t.Errorf("%s: %d %s", paths[i], status, body)
			}
			if i != 1 {
				continue
			}
			if err := json.Unmarshal([]byte(body), &best); err != nil {
				t.Errorf("%s: %v", paths[i], err)
			}
			for _, x := range best.Products {
				paths = append(paths, "/page/product?id="+url.QueryEscape(x.ID))
			}
		}
	}
}
