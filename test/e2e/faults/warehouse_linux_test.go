package faults

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWarehouseFull lets the file system of the warehouse run full, where the test may mount one.
func TestWarehouseFull(t *testing.T) {
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m")
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Log("this user may not mount a file system: TestWarehouseFileLimit stands for a full one")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := newScenario(t, "warehouse full (ENOSPC)", setup{seed: 411})
	s.archive(dir)
	ballast := filepath.Join(dir, "ballast")
	s.blocked(*outage, func() {
		if err := fill(ballast); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("filling the file system: %v", err)
		}
	}, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
	s.said("cannot write to the warehouse, trying again", "no space left on device")
	s.archived(dir, s.trace.Events)
}

// fill writes a file until there is no room.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, zeros{})
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

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
	s.blocked(*outage, func() { limit(func(unix.Rlimit) uint64 { return 1 }) }, func() { limit(func(r unix.Rlimit) uint64 { return r.Max }) })
	s.said("cannot write to the warehouse, trying again", "file too large")
	s.archived(dir, s.trace.Events)
}
