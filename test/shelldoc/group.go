package shelldoc

import (
	"os/exec"
	"syscall"
	"time"
)

// ownGroup makes a command the leader of a process group, and has all of it killed in place of the command alone.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
}
