package fakedataflow

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is an error answer in the form of Google's services.
type apiError struct {
	status        int
	code, message string
}

// Error returns the message that the client gets.
func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "INVALID_ARGUMENT", fmt.Sprintf(format, args...)}
}

func (e *apiError) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that has gone needs no answer
		"error": map[string]any{"code": e.status, "message": e.message, "status": e.code},
	})
}
