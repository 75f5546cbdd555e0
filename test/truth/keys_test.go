package truth

import "testing"

func TestNames(t *testing.T) {
	for _, c := range []struct {
		key                   Key
		stock, meta, velocity string
	}{
		{Key{"12", "555"}, "stock:12:555", "{stock:12:555}:meta", "velocity:12:555:1hr"},
		{Key{"", "555"}, "stock:global:555", "{stock:global:555}:meta", "velocity:global:555:1hr"},
		{Key{"c", "a:b"}, "stock:c:a%3Ab", "{stock:c:a%3Ab}:meta", "velocity:c:a%3Ab:1hr"},
		{Key{"c:a", "b"}, "stock:c%3Aa:b", "{stock:c%3Aa:b}:meta", "velocity:c%3Aa:b:1hr"},
		{Key{"1", "M {x}+%é"}, "stock:1:M%20%7Bx%7D%2B%25%C3%A9", "{stock:1:M%20%7Bx%7D%2B%25%C3%A9}:meta",
			"velocity:1:M%20%7Bx%7D%2B%25%C3%A9:1hr"},
	} {
		for want, got := range map[string]string{
			c.stock: c.key.StockName(), c.meta: c.key.MetaName(), c.velocity: c.key.VelocityName(),
		} {
			if got != want {
				t.Errorf("the name of %v is %s, want %s", c.key, got, want)
			}
			if key, ok := ParseName(want); key != c.key || !ok {
				t.Errorf("%s names %v, %t; want %v", want, key, ok, c.key)
			}
		}
	}
	for _, name := range []string{
		"", "stock:1", "stock:1:2:3", "stock:1:%41", "stock:1:%2b", "stock:1:a b", "stock:1:%",
		"velocity:1:2", "velocity:1:2:24hr", "{stock:1:2}", "session:1:2",
	} {
		if key, ok := ParseName(name); ok {
			t.Errorf("%q names %v", name, key)
		}
	}
}
