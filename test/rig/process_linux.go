package rig

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// endWithParent makes the kernel end the program if the test process dies without its clean-up, as
// on a timeout.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// Memory reads the memory of the process. The kernel's resource usage after the end cannot replace
// it, because that starts at the memory that the test had when it started the program.
func (p *Process) Memory() (Memory, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return Memory{}, fmt.Errorf("read the memory of the program: %w", err)
	}
	var m Memory
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch name {
		case "VmRSS":
			m.Resident, err = kilobytes(value)
		case "VmHWM":
			m.Peak, err = kilobytes(value)
		}
		if err != nil {
			return Memory{}, fmt.Errorf("read the memory of the program: %s: %w", lines.Text(), err)
		}
	}
	if m.Resident == 0 {
		return Memory{}, fmt.Errorf("read the memory of the program: %w", os.ErrProcessDone)
	}
	return m, nil
}

// kilobytes reads a value like "  1234 kB".
func kilobytes(s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(s), " kB"), 10, 64)
	return n << 10, err
}

// OpenFiles returns the number of file descriptors that the process has open.
func (p *Process) OpenFiles() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID()))
	if err != nil {
		return 0, fmt.Errorf("count the open files of the program: %w", err)
	}
	return len(entries), nil
}
