//go:build !linux

package loopback

import (
	"errors"
	"fmt"
)

// Only has no counterpart outside of Linux.
func Only(port int) error {
	return fmt.Errorf("tie port %d to the loopback device: %w", port, errors.ErrUnsupported)
}
