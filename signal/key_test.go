package signal

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeys(t *testing.T) {
	for _, c := range []struct{ store, product, stock, meta, velocity string }{
		{"12", "555", "stock:12:555", "{stock:12:555}:meta", "velocity:12:555:1hr"},
		{"", "A-b_c.d~e", "stock:global:A-b_c.d~e", "{stock:global:A-b_c.d~e}:meta", "velocity:global:A-b_c.d~e:1hr"},
		{"1", "gid://shop/Item/7", "stock:1:gid%3A%2F%2Fshop%2FItem%2F7", "{stock:1:gid%3A%2F%2Fshop%2FItem%2F7}:meta",
			"velocity:1:gid%3A%2F%2Fshop%2FItem%2F7:1hr"},
		{"c:a", "b {x}%é+*", "stock:c%3Aa:b%20%7Bx%7D%25%C3%A9%2B%2A", "{stock:c%3Aa:b%20%7Bx%7D%25%C3%A9%2B%2A}:meta",
			"velocity:c%3Aa:b%20%7Bx%7D%25%C3%A9%2B%2A:1hr"},
	} {
		if got := StockKey(c.store, c.product); got != c.stock {
			t.Errorf("stock key of %q, %q is %s, want %s", c.store, c.product, got, c.stock)
		}
		if got := StockMetaKey(c.store, c.product); got != c.meta {
			t.Errorf("meta key of %q, %q is %s, want %s", c.store, c.product, got, c.meta)
		}
		if got := VelocityKey(c.store, c.product); got != c.velocity {
			t.Errorf("velocity key of %q, %q is %s, want %s", c.store, c.product, got, c.velocity)
		}
	}
}

// TestPairs compares the encoding with that of net/url, which differs only for spaces.
func TestPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.StringOf(rapid.RuneFrom([]rune("aZ09-._~: %{}/+é\u3042\U0001f600")))
		store, product := ids.Draw(t, "store"), ids.Draw(t, "product")
		key := string(AppendPair(nil, store, product))
		want := strings.ReplaceAll(url.QueryEscape(store)+":"+url.QueryEscape(product), "+", "%20")
		if key != want {
			t.Fatalf("%q, %q has the key %s, want %s", store, product, key, want)
		}
	})
}
