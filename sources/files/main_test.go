package files

import (
	"testing"

	"github.com/beamlytics/streamlytics/test/sourcetest"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }
