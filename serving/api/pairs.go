package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving"
)

// pair returns the pair of a product in a store, or over all stores if store is nil. It returns an
// error unless the ids are valid.
func pair(store *string, product string) (p serving.Pair, err error) {
	if store != nil {
		if err := event.CheckStoreID(*store); err != nil {
			return p, fmt.Errorf("store: %w", err)
		}
		p.Store = *store
	}
	if err := event.CheckProductID(product); err != nil {
		return p, fmt.Errorf("product: %w", err)
	}
	p.Product = product
	return p, nil
}

// readPairs reads the pairs in the body of a request.
func readPairs(body io.Reader) (pairs []serving.Pair, err error) {
	var request struct {
		Pairs []struct {
			Store   *string `json:"store"`
			Product string  `json:"product"`
		} `json:"pairs"`
	}
	if err := json.UnmarshalRead(body, &request, json.RejectUnknownMembers(true)); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		return nil, errors.New(`the body is not {"pairs":[{"store":"12","product":"555"}]}`) // err names types of Go
	}
	if n := len(request.Pairs); n == 0 || n > maxPairs {
		return nil, fmt.Errorf("pairs: %d is not between 1 and %d", n, maxPairs)
	}
	for i, r := range request.Pairs {
		p, err := pair(r.Store, r.Product)
		if err != nil {
			return nil, fmt.Errorf("pairs[%d]: %w", i, err)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// queryPairs returns the pairs that the query of a stream names, each once and in order, so that
// equal lists are equal.
func queryPairs(query url.Values) (pairs []serving.Pair, err error) {
	products := slices.Compact(slices.Sorted(slices.Values(query["product"])))
	if n := len(products); n == 0 || n > maxPairs {
		return nil, fmt.Errorf("product: there are %d, not 1 to %d", n, maxPairs)
	}
	var store *string
	switch stores := query["store"]; len(stores) {
	case 0:
	case 1:
		store = &stores[0]
	default:
		return nil, errors.New("store: there is more than one")
	}
	for _, product := range products {
		p, err := pair(store, product)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}
