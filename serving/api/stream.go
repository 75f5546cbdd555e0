package api

import (
	"cmp"
	"net/http"
	"net/url"
	"time"
)

const (
	streamPattern  = "/v1/stream"
	keepAliveEvery = 15 * time.Second
	writeTimeout   = 5 * time.Second // of one frame
)

// stream answers with the signals of a list of products, and then with each change, as server-sent
// events, until the client or the server ends it.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		Problem(w, http.StatusBadRequest, "the query is not valid: "+err.Error())
		return
	}
	pairs, err := queryPairs(query)
	if err != nil {
		Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // of nginx
	if r.Method == http.MethodHead {
		return
	}
	subscriber, err := s.hub.subscribe(pairs, cmp.Or(r.Header.Get("Last-Event-ID"), query.Get("last_event_id")))
	if err != nil {
		Problem(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer s.hub.unsubscribe(subscriber)
	keepAlive, stop := s.options.Ticker(keepAliveEvery)
	defer stop()
	// The time limits of the server are those of short answers. Errors are left to the first write,
	// which meets them too.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	next := frame{[]byte(": stream\n\n"), 0} // so that the client gets the header at once
	for ended := false; ; {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(next.bytes); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		s.metrics.send(next.events)
		if ended {
			return
		}
		select {
		case next = <-subscriber.frames:
		case <-subscriber.ended:
			ended = true
			next = newFrame("end", []byte(`{"reason":"`+subscriber.reason+`"}`))
		case <-keepAlive:
			next = frame{[]byte(": keep-alive\n\n"), 0}
		case <-r.Context().Done():
			return
		}
	}
}
