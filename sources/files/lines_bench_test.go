package files

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// BenchmarkLines cuts 64 MB of text into lines, without reading a disk.
func BenchmarkLines(b *testing.B) {
	const json = `{"event_id":"s-%08d","type":"SALE","store_id":"12","product_id":"4006381333931","quantity":1,` +
		`"occurred_at":1795939839258}`
	for _, bm := range []struct{ name, line string }{
		{"JSON", json + "\n"},
		{"CSV", "r-%08d,RECEIPT,12,4006381333931,20,2026-11-27T06:00:00Z\n"},
		{"CSV with CRLF", "r-%08d,RECEIPT,12,4006381333931,20,2026-11-27T06:00:00Z\r\n"},
		{"CSV with CR", "r-%08d,RECEIPT,12,4006381333931,20,2026-11-27T06:00:00Z\r"},
	} {
		var text bytes.Buffer
		for i := 0; text.Len() < 64<<20; i++ {
			fmt.Fprintf(&text, bm.line, i)
		}
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				l := readContent(&counter{r: bytes.NewReader(text.Bytes())})
				for {
					if _, err := l.next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
