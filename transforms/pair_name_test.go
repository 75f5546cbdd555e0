package transforms

import "testing"

func TestPairNames(t *testing.T) {
	names := map[string][2]string{}
	for _, store := range []string{"", "12", "c", "c:a", "c:a:b", ":", "%3A", "a b"} {
		for _, product := range []string{"555", "b", "a:b", "b:c", ":", "%3A", "{p}"} {
			name := string(appendPairName([]byte("before"), store, product)[len("before"):])
			if other, ok := names[name]; ok {
				t.Errorf("%q is the name of (%q, %q) and of %q", name, store, product, other)
			}
			names[name] = [2]string{store, product}
			if gotStore, gotProduct, ok := cutPairName(name); gotStore != store || gotProduct != product || !ok {
				t.Errorf("%q is taken apart to (%q, %q), %v; want (%q, %q)", name, gotStore,
					gotProduct, ok, store, product)
			}
		}
	}
	// As earlier versions wrote it, which took no colon in an id.
	if got := string(appendPairName(nil, "12", "555")); got != "12:555" {
		t.Errorf("the name is %q", got)
	}
	for _, name := range []string{"", "12", "12\x00555"} {
		if store, product, ok := cutPairName(name); ok {
			t.Errorf("%q is taken apart to (%q, %q)", name, store, product)
		}
	}
}
