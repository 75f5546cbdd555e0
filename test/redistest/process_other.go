//go:build !linux

package redistest

import "syscall"

// endWithParent has no counterpart outside of Linux: if a test process dies without its clean-up,
// its servers keep running.
func endWithParent() *syscall.SysProcAttr { return nil }
