//go:build !linux

package loopback

import (
	"errors"
	"fmt"
)

// Only returns errors.ErrUnsupported: only Linux can bind an open socket to a device.
func Only(port int) error {
	return fmt.Errorf("bind port %d to the loopback device: %w", port, errors.ErrUnsupported)
}
