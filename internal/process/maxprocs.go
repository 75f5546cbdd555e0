package process

import (
	"os"
	"runtime"
)

// perCore is the number of Ps per core.
const perCore = 4

// RaiseMaxProcs sets the number of Ps (GOMAXPROCS) to a multiple of the number of cores that the
// process may use, which a container's limit may lower, unless the environment sets it. Prism spins
// while it waits for bundles, so with one P per core the spinning goroutines displace the work.
// Measured on two cores at 1,000 events/s: p99 is 0.5 s with 2 Ps and 34 ms with 8.
func RaiseMaxProcs() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(perCore * runtime.GOMAXPROCS(0))
	}
}
