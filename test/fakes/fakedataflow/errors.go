package fakedataflow

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is an answer that says why not, as Google's services write it.
type apiError struct {
	status        int
	code, message string
}

// Error is the message that the client sees.
func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "INVALID_ARGUMENT", fmt.Sprintf(format, args...)}
}

func (e *apiError) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // who went away needs no answer
		"error": map[string]any{"code": e.status, "message": e.message, "status": e.code},
	})
}
