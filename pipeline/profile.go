package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

const (
	mutexFraction = 100                    // one of this many waits for a lock is recorded
	blockRate     = 100 * time.Microsecond // waits of this length or longer are recorded, some shorter ones too
)

// startProfiles profiles the process until stop is called, which writes the profiles to a folder.
// An empty dir does nothing.
func startProfiles(dir string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, fmt.Errorf("profile the processor: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("profile the processor: %w", err), f.Close())
	}
	runtime.SetMutexProfileFraction(mutexFraction)
	runtime.SetBlockProfileRate(int(blockRate))
	return func() error {
		pprof.StopCPUProfile()
		errs := []error{f.Close()}
		for _, name := range []string{"allocs", "mutex", "block"} {
			errs = append(errs, writeProfile(filepath.Join(dir, name+".pprof"), name))
		}
		runtime.SetMutexProfileFraction(0)
		runtime.SetBlockProfileRate(0)
		return errors.Join(errs...)
	}, nil
}

func writeProfile(path, name string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the %s profile: %w", name, err)
	}
	if err := errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close()); err != nil {
		return fmt.Errorf("write the %s profile: %w", name, err)
	}
	return nil
}
