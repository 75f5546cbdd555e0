package api

import (
	"cmp"
	"net/http"
	"net/url"
	"time"
)

const (
	keepAliveEvery = 15 * time.Second
	writeTimeout   = 5 * time.Second // of one frame
)

// stream answers with the signals of a list of products, and then with each change, as server-sent
// events, until the client or the server ends it.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	query, invalid := url.ParseQuery(r.URL.RawQuery)
	pairs, err := queryPairs(query)
	if err = cmp.Or(invalid, err); err != nil {
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
	// The time limits of the server are those of short answers. Errors are left to the first write,
	// which meets them too.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	write := func(events []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(events); err != nil {
			return err
		}
		return control.Flush()
	}
	keepAlive := s.options.tick(keepAliveEvery)
	err = write([]byte(": stream\n\n")) // so that the client gets the header at once
	for err == nil {
		select {
		case frame, more := <-subscriber.frames:
			if !more {
				_ = write(newEvent("end", []byte(`{"reason":"`+subscriber.reason+`"}`)))
				return
			}
			err = write(frame)
		case <-keepAlive:
			err = write([]byte(": keep-alive\n\n"))
		case <-r.Context().Done():
			return
		}
	}
}
