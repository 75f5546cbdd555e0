package pipeline

import (
	"os"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/redis/go-redis/v9/logging"
)

func TestMain(m *testing.M) {
	beam.Init()
	logging.Disable()
	os.Exit(m.Run())
}
