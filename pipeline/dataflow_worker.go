package pipeline

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

// workerBinary returns the file that workers run: --worker_binary, or this program.
func workerBinary() (string, error) {
	if path := *jobopts.WorkerBinary; path != "" {
		return path, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	return path, nil
}

const howToBuild = "build it with CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o worker ./cmd/streamlytics, " +
	"and give --worker_binary=worker"

// checkWorkerBinary returns an error for a file that workers cannot run: it must be for Linux on amd64
// and need no libraries.
func checkWorkerBinary(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is not a program for Linux: %s: %w", path, howToBuild, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if f.Machine != elf.EM_X86_64 {
		return fmt.Errorf("%s is for %v, and workers are amd64: %s", path, f.Machine, howToBuild)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New(path + " is linked to libraries of this machine: " + howToBuild)
		}
	}
	return nil
}
