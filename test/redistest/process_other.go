//go:build !linux

package redistest

import "syscall"

// endWithParent has no counterpart outside of Linux: a test process that dies without its clean-up leaves its servers.
func endWithParent() *syscall.SysProcAttr { return nil }
