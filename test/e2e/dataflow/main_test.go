package dataflow

import (
	"flag"
	"os"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/test/rig"
)

var update = flag.Bool("update", false, "write the files of testdata again")

func TestMain(m *testing.M) {
	if os.Getenv(asPrism) != "" {
		servePrism()
	}
	beam.Init()
	os.Exit(rig.Main(m))
}
