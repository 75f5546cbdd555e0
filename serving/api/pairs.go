package api

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving"
)

// check returns an error unless the ids of a pair are valid. Without inStore the pair is of all
// stores.
func check(p serving.Pair, inStore bool) error {
	if inStore {
		if err := event.CheckStoreID(p.Store); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	if err := event.CheckProductID(p.Product); err != nil {
		return fmt.Errorf("product: %w", err)
	}
	return nil
}

// readPairs reads the pairs in the body of a request.
func readPairs(body io.Reader) ([]serving.Pair, error) {
	var request struct {
		Pairs []map[string]*string `json:"pairs"` // a nil value is null, which is refused
	}
	if err := json.UnmarshalRead(body, &request, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf(`the body is not {"pairs":[{"store":"12","product":"555"}]}: %w`, err)
	}
	if n := len(request.Pairs); n == 0 || n > maxPairs {
		return nil, fmt.Errorf("pairs: %d is not between 1 and %d", n, maxPairs)
	}
	pairs := make([]serving.Pair, len(request.Pairs))
	for i, members := range request.Pairs {
		for name, value := range members {
			switch {
			case value == nil:
				return nil, fmt.Errorf("pairs[%d]: %s is null", i, name)
			case name == "store":
				pairs[i].Store = *value
			case name == "product":
				pairs[i].Product = *value
			default:
				return nil, fmt.Errorf("pairs[%d]: %q is neither store nor product", i, name)
			}
		}
		if err := check(pairs[i], members["store"] != nil); err != nil {
			return nil, fmt.Errorf("pairs[%d]: %w", i, err)
		}
	}
	return pairs, nil
}

// queryPairs returns the pairs that the query of a stream names, each once and in order, so that
// equal lists are equal.
func queryPairs(query url.Values) ([]serving.Pair, error) {
	stores, products := query["store"], slices.Compact(slices.Sorted(slices.Values(query["product"])))
	if n := len(products); n == 0 || n > maxPairs {
		return nil, fmt.Errorf("product: there are %d, not 1 to %d", n, maxPairs)
	}
	if len(stores) > 1 {
		return nil, errors.New("store: there is more than one")
	}
	pairs := make([]serving.Pair, len(products))
	for i, p := range products {
		pairs[i] = serving.Pair{Store: strings.Join(stores, ""), Product: p}
		if err := check(pairs[i], len(stores) > 0); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}
