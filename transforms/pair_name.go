package transforms

import (
	"bytes"
	"strings"
)

// A pair name is the name of a store:product in images and in their snapshots: both ids as they were sent, with a colon between
// them. A store id that holds a colon itself is ended by a NUL instead, which no id holds. Names of other ids are those that
// earlier versions wrote.
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

// cutPairName takes a name apart; ok is false where it is none.
func cutPairName(name string) (store, product string, ok bool) {
	if store, product, ok = strings.Cut(name, pairNUL); ok {
		return store, product, strings.Contains(store, pairColon)
	}
	return strings.Cut(name, pairColon)
}
