package api

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/beamlytics/streamlytics/serving"
)

const (
	// awayDetail is the detail of a problem while Redis cannot be read. The log has the error.
	awayDetail = "the signals cannot be read from Redis now"

	readTimeout = 2 * time.Second
	logEvery    = 5 * time.Second
)

// read reads the signals of pairs from Redis, as serving.Client.Read does, within readTimeout. It
// logs the first failure in each logEvery.
func (s *Server) read(ctx context.Context, pairs []serving.Pair) ([]serving.Product, error) {
	limited, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := time.Now()
	products, err := s.options.Client.Read(limited, pairs)
	if err != nil && ctx.Err() != nil {
		return nil, err // the client is gone
	}
	s.metrics.reads.Observe(time.Since(began).Seconds())
	if err != nil {
		s.metrics.failed.Inc()
		if last := s.logged.Load(); began.UnixNano()-last >= logEvery.Nanoseconds() &&
			s.logged.CompareAndSwap(last, began.UnixNano()) {
			slog.Warn("signals cannot be read", "error", err)
		}
	}
	return products, err
}

// NotReady returns why signals cannot be read now, or nothing. The log has the error.
func (s *Server) NotReady() string {
	if s.hub.ctx.Err() != nil {
		return "shutting down"
	}
	if _, err := s.read(context.Background(), []serving.Pair{{Product: "ready"}}); err != nil {
		return "Redis does not answer"
	}
	return ""
}

// product answers with one signal: of a store, or of all stores where the path has no store.
func (s *Server) product(w http.ResponseWriter, r *http.Request) {
	var store *string
	if id := r.PathValue("store"); id != "" {
		store = &id
	}
	p, err := pair(store, r.PathValue("product"))
	if err != nil {
		Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	products, err := s.read(r.Context(), []serving.Pair{p})
	switch {
	case err != nil:
		Problem(w, http.StatusServiceUnavailable, awayDetail)
	case products[0].Empty():
		Problem(w, http.StatusNotFound, "there is no signal of this product here")
	default:
		w.Header().Set("ETag", `"`+products[0].Version()+`"`)
		answerJSON(w, r, marshal(products[0]))
	}
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
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		Problem(w, http.StatusRequestTimeout, "the body did not come in time")
		return
	case err != nil:
		Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	products, err := s.read(r.Context(), pairs)
	if err != nil {
		Problem(w, http.StatusServiceUnavailable, awayDetail)
		return
	}
	answerJSON(w, r, marshal(map[string][]serving.Product{"signals": products}))
}

//go:embed openapi.json
var openAPIDocument []byte

func openAPI(w http.ResponseWriter, r *http.Request) { answerJSON(w, r, openAPIDocument) }

// answerJSON answers with JSON, or with 304 if the client has what the ETag stands for.
func answerJSON(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
