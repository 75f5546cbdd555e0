package signal

import (
	"fmt"
	"net/url"
	"strings"
)

// unreserved holds the characters that stand for themselves in a key name (RFC 3986, section 2.3).
var unreserved = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

// AppendID appends a store or product id as it stands in key names: percent-encoded as RFC 3986 says, with
// every byte but A-Z a-z 0-9 - . _ ~ as %XX.
func AppendID[ID string | []byte](b []byte, id ID) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(id) {
		if c := id[i]; unreserved[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// AppendPair appends the key of a product in a store, store:product, with both ids percent-encoded. Two
// pairs never have the same key.
func AppendPair[ID string | []byte](b []byte, store, product ID) []byte {
	return AppendID(append(AppendID(b, store), ':'), product)
}

// ParsePair returns the ids of a key that AppendPair made.
func ParsePair(key string) (store, product string, err error) {
	s, p, ok := strings.Cut(key, ":")
	if !ok {
		return "", "", fmt.Errorf("%q is no store:product", key)
	}
	if store, err = url.PathUnescape(s); err == nil {
		product, err = url.PathUnescape(p)
	}
	if err != nil {
		return "", "", fmt.Errorf("%q is no store:product: %w", key, err)
	}
	return store, product, nil
}

// appendScope appends a pair, or global:product for an empty store.
func appendScope(b []byte, store, product string) []byte {
	if store == "" {
		store = globalStore
	}
	return AppendPair(b, store, product)
}
