package fakedataflow

import (
	"encoding/json"
	"errors"
	"net/http"
)

const jobsPath = "/v1b3/projects/{project}/locations/{location}/jobs"

// routes returns the methods of the API and the token endpoint.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.tokens.serve)
	mux.HandleFunc("POST "+jobsPath, s.method(s.create))
	mux.HandleFunc("GET "+jobsPath, s.method(s.list))
	mux.HandleFunc("GET "+jobsPath+"/{id}", s.method(s.get))
	mux.HandleFunc("GET "+jobsPath+"/{id}/metrics", s.method(s.metrics))
	return mux
}

// method wraps a method of the API: it checks the token before and holds the lock.
func (s *Server) method(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.answer(r, f)
		var refusal *apiError
		if errors.As(err, &refusal) {
			refusal.write(w)
			return
		}
		if err != nil {
			(&apiError{http.StatusInternalServerError, "INTERNAL", err.Error()}).write(w)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(answer) // a client that has gone needs no answer
	}
}

func (s *Server) answer(r *http.Request, f func(*http.Request) (any, error)) (any, error) {
	if !s.tokens.good(r) {
		return nil, &apiError{http.StatusUnauthorized, "UNAUTHENTICATED",
			"Request is missing required authentication credential."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return nil, s.fault
	}
	return f(r)
}
