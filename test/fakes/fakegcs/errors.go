package fakegcs

import (
	"encoding/json"
	"net/http"
)

// apiError is an answer that says why not, as the service writes it.
type apiError struct {
	status          int
	reason, message string
}

func failure(status int, reason, message string) error {
	return &apiError{status: status, reason: reason, message: message}
}

func noBucket() error {
	return failure(http.StatusNotFound, "notFound", "The specified bucket does not exist.")
}

func noObject(bucket, name string) error {
	return failure(http.StatusNotFound, "notFound", "No such object: "+bucket+"/"+name)
}

func badRequest(message string) error { return failure(http.StatusBadRequest, "invalid", message) }

// Error is the message that the client sees.
func (e *apiError) Error() string { return e.message }

func (e *apiError) write(w http.ResponseWriter) {
	type item struct {
		Message string `json:"message"`
		Domain  string `json:"domain"`
		Reason  string `json:"reason"`
	}
	type body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Errors  []item `json:"errors"`
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]body{ // who went away needs no answer
		"error": {Code: e.status, Message: e.message, Errors: []item{{Message: e.message, Domain: "global", Reason: e.reason}}},
	})
}
