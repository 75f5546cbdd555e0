package redistest

import "syscall"

// endWithParent makes the kernel end the server if the test process dies without its clean-up, as
// on a timeout.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
