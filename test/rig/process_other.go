//go:build !linux

package rig

import (
	"errors"
	"syscall"
)

var errNoProc = errors.New("this system has no data about other processes")

// endWithParent has no counterpart outside of Linux: if a test process dies without its clean-up,
// its program keeps running.
func endWithParent() *syscall.SysProcAttr { return nil }

// Memory returns an error outside of Linux.
func (p *Process) Memory() (Memory, error) { return Memory{}, errNoProc }

// OpenFiles returns an error outside of Linux.
func (p *Process) OpenFiles() (int, error) { return 0, errNoProc }
