package dataflow

import (
	"flag"
	"os"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/test/rig"
)

// write has the name that Beam leaves: --update is its flag for the update of a job.
var write = flag.Bool("write", false, "write the files of testdata again")

func TestMain(m *testing.M) {
	if os.Getenv(asPrism) != "" {
		servePrism()
	}
	beam.Init()
	os.Exit(rig.Main(m))
}
