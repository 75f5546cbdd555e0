package demo

import (
	"os"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/redis/go-redis/v9/logging"

	"github.com/beamlytics/streamlytics/internal/process"
)

func TestMain(m *testing.M) {
	beam.Init()
	logging.Disable()
	process.RaiseMaxProcs()
	os.Exit(m.Run())
}
