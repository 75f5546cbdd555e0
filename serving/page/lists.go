package page

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
)

// info answers /page/info.
func (p *page) info(w http.ResponseWriter, _ *http.Request) {
	i := p.Info()
	if p.demo != nil {
		i.Scenarios = p.demo.Scenarios
	}
	answer(w, http.StatusOK, i)
}

// flow answers /page/flow.
func (p *page) flow(w http.ResponseWriter, _ *http.Request) {
	f := p.Flow()
	if p.demo != nil {
		if p.demo.Truth != nil {
			truth := p.demo.Truth()
			f.Truth = &truth
		}
		if p.demo.Running != nil {
			f.Scenarios = p.demo.Running()
		}
	}
	answer(w, http.StatusOK, f)
}

// listed is a product in /page/products.
type listed struct {
	ID     string   `json:"id"`
	Name   string   `json:"name,omitempty"`
	Stores []string `json:"stores"`
	Sold   int64    `json:"sold_1h"`
	Last   int64    `json:"last"`
}

// storesWithin is how many of the newest entries of a product are looked at for its stores.
const storesWithin = 500

// products answers /page/products: those with the most units in the last hour, then those with the
// newest entries.
func (p *page) products(w http.ResponseWriter, r *http.Request) {
	limit, ok := limitOf(w, r, 50, 200)
	if !ok {
		return
	}
	found := p.History.Products()
	if q := strings.ToLower(r.URL.Query().Get("q")); q != "" {
		inStores := p.inStores(q)
		found = slices.DeleteFunc(found, func(x history.Product) bool {
			return !p.matches(x.ID, q) && !inStores[x.ID]
		})
	}
	slices.SortFunc(found, func(a, b history.Product) int {
		return cmp.Or(cmp.Compare(b.SoldHour, a.SoldHour), cmp.Compare(b.Wall, a.Wall), strings.Compare(a.ID, b.ID))
	})
	list := []listed{}
	for _, x := range found[:min(len(found), limit)] {
		list = append(list, listed{x.ID, p.name(x.ID), p.storesOf(x.ID), x.SoldHour, p.arrived(x.Wall)})
	}
	answer(w, http.StatusOK, map[string]any{"products": list})
}

// inStores returns the products that are in a store which matches q.
func (p *page) inStores(q string) map[string]bool {
	stores := map[string]bool{}
	for _, s := range p.History.Stores() {
		if p.matches(s, q) {
			stores[s] = true
		}
	}
	if len(stores) == 0 {
		return nil
	}
	return p.History.InStores(stores)
}

// matches reports whether an id or its name contains q, which is in lower case.
func (p *page) matches(id, q string) bool {
	return strings.Contains(strings.ToLower(id), q) || strings.Contains(strings.ToLower(p.name(id)), q)
}

// storesOf returns the stores in the newest entries of a product.
func (p *page) storesOf(product string) []string {
	entries, _ := p.History.Product(product, storesWithin)
	stores := []string{}
	for _, e := range entries {
		if e.Store != "" {
			stores = append(stores, e.Store)
		}
	}
	slices.Sort(stores)
	return slices.Compact(stores)
}

// stores answers /page/stores.
func (p *page) stores(w http.ResponseWriter, _ *http.Request) {
	type named struct {
		ID   string `json:"id"`
		Name string `json:"name,omitempty"`
	}
	ids := p.History.Stores()
	slices.Sort(ids)
	list := []named{}
	for _, id := range ids {
		list = append(list, named{id, p.name(id)})
	}
	answer(w, http.StatusOK, map[string]any{"stores": list})
}

// limitOf returns the parameter limit of a request, or its default. If it reports false, it has
// answered.
func limitOf(w http.ResponseWriter, r *http.Request, missing, greatest int) (int, bool) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return missing, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > greatest {
		api.Problem(w, http.StatusBadRequest, fmt.Sprintf("limit: %q is not a number between 1 and %d", text, greatest))
		return 0, false
	}
	return n, true
}
