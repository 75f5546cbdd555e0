package signal

// unreserved is the set of characters that are not encoded in key names (RFC 3986, section 2.3).
var unreserved = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

// AppendID appends a store or product id, percent-encoded for key names as RFC 3986 describes:
// every byte except A-Z a-z 0-9 - . _ ~ becomes %XX in upper case. The result contains no colon and
// no brace.
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

// AppendPair appends store:product with both ids percent-encoded. Distinct pairs have distinct
// results.
func AppendPair[ID string | []byte](b []byte, store, product ID) []byte {
	return AppendID(append(AppendID(b, store), ':'), product)
}

// appendScope appends a pair, or global:product if store is empty.
func appendScope(b []byte, store, product string) []byte {
	if store == "" {
		store = globalStore
	}
	return AppendPair(b, store, product)
}
