package faults

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestWarehouseFileLimit forbids the running program to make any file longer, which needs no rights.
func TestWarehouseFileLimit(t *testing.T) {
	s := newScenario(t, "warehouse files cannot grow (EFBIG)", setup{seed: 412})
	dir := t.TempDir()
	s.archive(dir)
	limit := func(bytes func(unix.Rlimit) uint64) {
		var old unix.Rlimit
		if err := unix.Prlimit(s.process.PID(), unix.RLIMIT_FSIZE, nil, &old); err != nil {
			t.Fatal(err)
		}
		if err := unix.Prlimit(s.process.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes(old), Max: old.Max}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.blocked(*outage, func() { limit(func(unix.Rlimit) uint64 { return 1 }) }, func() { limit(func(r unix.Rlimit) uint64 { return r.Max }) },
		"cannot write to the warehouse, trying again", "file too large")
	s.archived(dir, s.trace.Events)
}
