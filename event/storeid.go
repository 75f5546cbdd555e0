package event

import (
	"errors"
	"fmt"
)

// CheckStoreID returns an error if id is not a valid store id (see BadID).
func CheckStoreID(id string) error {
	switch {
	case id == "":
		return errors.New("is empty")
	case len(id) > maxKeyID:
		return fmt.Errorf("has %d bytes, more than %d", len(id), maxKeyID)
	case id == globalStore:
		return fmt.Errorf("%q is reserved", id)
	}
	if problem := keyIDProblem([]byte(id)); problem != "" {
		return fmt.Errorf("%q %s", id, problem)
	}
	return nil
}
