//go:build !linux

package rig

import (
	"errors"
	"syscall"
)

var errNoProc = errors.New("this system does not tell about other processes")

// endWithParent has no counterpart outside of Linux: a test process that dies without its clean-up leaves its program.
func endWithParent() *syscall.SysProcAttr { return nil }

// Memory is known on Linux only.
func (p *Process) Memory() (Memory, error) { return Memory{}, errNoProc }

// OpenFiles is known on Linux only.
func (p *Process) OpenFiles() (int, error) { return 0, errNoProc }
