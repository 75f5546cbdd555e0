package submission

import (
	"flag"
	"os"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(rig.Main(m))
}
