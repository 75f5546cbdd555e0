package serving

import "fmt"

// ReadError reports the pairs whose signals could not be read.
type ReadError struct {
	Pairs []Pair // in the order of the call; not empty
	Err   error  // of the first pair; it names a key
}

// Error returns the error of the first pair and the number of the others.
func (e *ReadError) Error() string {
	if more := len(e.Pairs) - 1; more > 0 {
		return fmt.Sprintf("%v (and %d more)", e.Err, more)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *ReadError) Unwrap() error { return e.Err }
