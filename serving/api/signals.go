package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/serving"
)

// awayDetail is the detail of a problem while Redis cannot be read. The log has the error.
const awayDetail = "the signals cannot be read from Redis now"

// read reads the signals of pairs from Redis, as serving.Client.Read does, within readTimeout. It
// logs a failure at once, and then every logEvery with the number since.
func (s *Server) read(ctx context.Context, pairs []serving.Pair) ([]serving.Product, error) {
	limited, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := time.Now()
	products, err := s.options.Client.Read(limited, pairs)
	if err != nil && ctx.Err() != nil {
		return nil, err // the client is gone
	}
	s.metrics.read(time.Since(began), err)
	if err != nil {
		s.failures.log(err)
	}
	return products, err
}

// Probe reads from Redis once, so that the log has what is wrong with Redis, if anything is.
func (s *Server) Probe() { _ = s.notReady() }

// failures logs failures that may continue.
type failures struct {
	mu     sync.Mutex
	logged time.Time
	since  int // the last line
}

func (f *failures) log(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since++
	if time.Since(f.logged) >= logEvery {
		slog.Warn("signals cannot be read", "error", err, "failures", f.since)
		f.logged, f.since = time.Now(), 0
	}
}

// notReady returns why signals cannot be read now, or nothing.
func (s *Server) notReady() string {
	if s.closing.Load() {
		return "shutting down"
	}
	if _, err := s.read(context.Background(), []serving.Pair{{Product: "ready"}}); err != nil {
		return "Redis does not answer"
	}
	return ""
}

// product answers with one signal: of a store, or of all stores where the path has no store.
func (s *Server) product(w http.ResponseWriter, r *http.Request) {
	pair := serving.Pair{Store: r.PathValue("store"), Product: r.PathValue("product")}
	if err := check(pair, strings.Contains(r.Pattern, "{store}")); err != nil {
		Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	products, err := s.read(r.Context(), []serving.Pair{pair})
	switch {
	case err != nil:
		Problem(w, http.StatusServiceUnavailable, awayDetail)
		return
	case products[0].Empty():
		Problem(w, http.StatusNotFound, "there is no signal of this product here")
		return
	}
	etag := `"` + products[0].Version() + `"`
	w.Header().Set("ETag", etag)
	if matches(r.Header.Values("If-None-Match"), etag) {
		w.Header().Set("Cache-Control", "no-cache")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	answerJSON(w, products[0])
}

// matches reports whether If-None-Match has a tag.
func matches(header []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// signals answers with the signals of a list of pairs, in its order.
func (s *Server) signals(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		Problem(w, http.StatusUnsupportedMediaType, "Content-Type is not application/json")
		return
	}
	pairs, err := readPairs(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		Problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxBody))
		return
	} else if err != nil {
		Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	products, err := s.read(r.Context(), pairs)
	if err != nil {
		Problem(w, http.StatusServiceUnavailable, awayDetail)
		return
	}
	answerJSON(w, map[string][]serving.Product{"signals": products})
}

func answerJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a Product always marshals
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(b) // an error means that the client is gone
}
