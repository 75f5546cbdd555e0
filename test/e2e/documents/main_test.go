package documents

import (
	"os"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
