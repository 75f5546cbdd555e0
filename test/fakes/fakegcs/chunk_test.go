package fakegcs_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestChunks sends the chunks that a client sends whose answers get lost, and those of one that is wrong.
func TestChunks(t *testing.T) {
	const unit = 256 << 10
	s := start(t)
	must(t, s.CreateBucket(bucket, 0))
	want := randomBytes(2*unit + 5)
	send := func(at, span string, body []byte) (code int, header http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(within(t), http.MethodPut, at, bytes.NewReader(body))
		must(t, err)
		if span != "" {
			r.Header.Set("Content-Range", span)
		}
		answer, err := http.DefaultTransport.RoundTrip(r) // follows no redirection: 308 is an answer here
		must(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		return answer.StatusCode, answer.Header
	}
	code, opened := send("http://"+s.Addr()+"/upload/storage/v1/b/shop/o?uploadType=resumable&name=x", "", nil)
	at := opened.Get("Location")
	if !strings.HasPrefix(at, "http://"+s.Addr()+"/upload/") {
		t.Fatalf("opened %d at %q", code, at)
	}

	total := len(want)
	for _, c := range []struct {
		span  string
		body  []byte
		code  int
		there string
	}{
		{"bytes */*", nil, 308, ""},
		{"bytes 0-262143/*", want[:unit], 308, "bytes=0-262143"},
		{"bytes 0-262143/*", want[:unit], 308, "bytes=0-262143"}, // once more
		{"bytes 262144-262148/*", want[unit : unit+5], 400, ""},  // no multiple
		{"bytes 524288-524292/524293", want[2*unit:], 400, ""},   // a gap
		{"bytes 262144-524292/300000", want[unit:], 400, ""},     // too much
		{"nonsense", nil, 400, ""},
		{"bytes */*", nil, 308, "bytes=0-262143"},
		{fmt.Sprintf("bytes 0-%d/%d", total-1, total), want, 200, ""}, // all of it again, and the end
		{fmt.Sprintf("bytes */%d", total), nil, 200, ""},              // the answer was lost
	} {
		code, got := send(at, c.span, c.body)
		if code != c.code || got.Get("Range") != c.there {
			t.Errorf("%s: %d, %q is there, want %d, %q", c.span, code, got.Get("Range"), c.code, c.there)
		}
	}
	if got, _ := s.Get(bucket, "x"); !bytes.Equal(got, want) {
		t.Errorf("stored %d bytes, want %d", len(got), total)
	}
	if code, _ := send(strings.Replace(at, "upload_id=", "upload_id=x", 1), "bytes */*", nil); code != http.StatusNotFound {
		t.Errorf("a session that is not there: %d", code)
	}
}
