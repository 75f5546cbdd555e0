package backfill

import (
	"os"
	"testing"

	"github.com/beamlytics/streamlytics/internal/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
