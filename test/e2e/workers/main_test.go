package workers

import (
	"os"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/test/rig"
)

func TestMain(m *testing.M) {
	if os.Getenv(asPrism) != "" {
		servePrism()
	}
	beam.Init()
	os.Exit(rig.Main(m))
}
