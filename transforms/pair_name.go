package transforms

import (
	"bytes"
	"strings"
)

// A pair name names a store:product in images and snapshots: both ids as sent, with a colon between
// them. If the store id holds a colon, a NUL takes its place, which no id holds. Earlier versions
// wrote the same names.
const (
	pairColon = ":"
	pairNUL   = "\x00"
)

// appendPairName appends the name of a store and a product.
func appendPairName[T ~string | ~[]byte](b []byte, store, product T) []byte {
	b = append(b, store...)
	if bytes.IndexByte(b[len(b)-len(store):], ':') < 0 {
		b = append(b, pairColon...)
	} else {
		b = append(b, pairNUL...)
	}
	return append(b, product...)
}

// cutPairName splits a pair name. ok is false if it is not one.
func cutPairName(name string) (store, product string, ok bool) {
	if store, product, ok = strings.Cut(name, pairNUL); ok {
		return store, product, strings.Contains(store, pairColon)
	}
	return strings.Cut(name, pairColon)
}
