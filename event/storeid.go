package event

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// CheckStoreID returns an error if id is not a valid store id (see BadID).
func CheckStoreID(id string) error {
	if id == globalStore {
		return fmt.Errorf("%q is reserved", id)
	}
	return CheckProductID(id)
}

// CheckProductID returns an error if id is not a valid product id (see BadID).
func CheckProductID(id string) error {
	switch {
	case id == "":
		return errors.New("is empty")
	case len(id) > maxKeyID:
		return fmt.Errorf("has %d bytes, more than %d", len(id), maxKeyID)
	case !utf8.ValidString(id):
		return fmt.Errorf("%q is not valid UTF-8", id)
	}
	if problem := keyIDProblem([]byte(id)); problem != "" {
		return fmt.Errorf("%q %s", id, problem)
	}
	return nil
}
