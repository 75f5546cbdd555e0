package pipeline

import (
	"os"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/redis/go-redis/v9/logging"

	"github.com/beamlytics/streamlytics/internal/process"
)

func TestMain(m *testing.M) {
	beam.Init()
	process.RaiseMaxProcs()
	logging.Disable()
	os.Exit(m.Run())
}
