package signal

// unreserved holds the characters that stand for themselves in a key name (RFC 3986, section 2.3).
var unreserved = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

// AppendID appends a store or product id as it stands in key names: percent-encoded as RFC 3986 says, with every byte but
// A-Z a-z 0-9 - . _ ~ as %XX in upper case. An encoded id holds no colon and no brace.
func AppendID[ID string | []byte](b []byte, id ID) []byte {
	const hex = "0123456789ABCDEF"
	start := 0
	for i := range len(id) {
		c := id[i]
		if unreserved[c] {
			continue
		}
		b = append(b, id[start:i]...)
		b = append(b, '%', hex[c>>4], hex[c&15])
		start = i + 1
	}
	return append(b, id[start:]...)
}

// AppendPair appends the key of a product in a store, store:product, with both ids percent-encoded. Two
// pairs never have the same key.
func AppendPair[ID string | []byte](b []byte, store, product ID) []byte {
	return AppendID(append(AppendID(b, store), ':'), product)
}

// appendScope appends a pair, or global:product for an empty store.
func appendScope(b []byte, store, product string) []byte {
	if store == "" {
		store = globalStore
	}
	return AppendPair(b, store, product)
}
