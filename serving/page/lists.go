package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// listed is a product in /page/products.
type listed struct {
	ID     string   `json:"id"`
	Name   string   `json:"name,omitempty"`
	Stores []string `json:"stores"`
}

// storesWithin is how many of the newest entries of a product are looked at for its stores.
const storesWithin = 500

// products answers /page/products: those of which the id or name contains q.
func (p *page) products(w http.ResponseWriter, r *http.Request) {
	limit, q := limitOf(r, 200), strings.ToLower(r.URL.Query().Get("q"))
	list := []listed{}
	for _, id := range p.History.Products() {
		if name := p.name(id); len(list) < limit && strings.Contains(strings.ToLower(id+"\n"+name), q) {
			list = append(list, listed{id, name, p.storesOf(id)})
		}
	}
	answer(w, http.StatusOK, map[string]any{"products": list})
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

// limitOf returns the parameter limit of a request. It is greatest where it is absent or no number
// from 1 to greatest.
func limitOf(r *http.Request, greatest int) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n < 1 {
		return greatest
	}
	return min(n, greatest)
}
