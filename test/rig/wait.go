package rig

import (
	"fmt"
	"time"
)

// Until waits for a condition. It returns an error if the condition is not true in time.
func Until(what string, timeout time.Duration, condition func() bool) error {
	deadline := time.Now().Add(timeout)
	for !condition() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %v in vain until %s", timeout, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// Await waits for a condition while the process runs. It returns an error, with the log, if the
// condition is not true in time or the process ends before.
func (p *Process) Await(what string, timeout time.Duration, condition func() bool) error {
	ended := false
	err := Until(what, timeout, func() bool {
		if condition() {
			return true
		}
		ended = !p.Running()
		return ended
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w\n%s", err, p.Log())
	case ended && !condition():
		return fmt.Errorf("the program ended before %s:\n%s", what, p.Log())
	}
	return nil
}

// Now returns the wall time in epoch ms, which is also the program's clock unless --clock_origin is
// given.
func Now() int64 { return time.Now().UnixMilli() }
