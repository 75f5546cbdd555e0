package signal

import "testing"

// BenchmarkKeys builds the key names of a signal, for ids that need no encoding and for ids that
// do.
func BenchmarkKeys(b *testing.B) {
	for name, ids := range map[string][2]string{"plain": {"store-012", "sku-000555"},
		"encoded": {"store 12", "gid://shop/Product/7"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				StockMetaKey(ids[0], ids[1])
				VelocityKey(ids[0], ids[1])
			}
		})
	}
}
