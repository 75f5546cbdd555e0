// Package maxprocs sets the number of Ps (GOMAXPROCS) that Beam's Prism runner requires.
package maxprocs

import (
	"os"
	"runtime"
)

// perCore is the number of Ps per core.
const perCore = 4

// Raise sets GOMAXPROCS to a multiple of the number of cores, unless the environment sets it. Prism
// spins while it waits for bundles, so with one P per core the spinning goroutines displace the
// work. Measured on two cores at 1,000 events/s: p99 is 0.5 s with 2 Ps and 34 ms with 8.
func Raise() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(perCore * runtime.NumCPU())
	}
}
