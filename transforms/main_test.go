package transforms

import (
	"flag"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/beamlytics/streamlytics/internal/process"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	// As in package pipeline. Prism's split of a running bundle lets another bundle begin with the
	// same keys before the state of the first is committed.
	*jobopts.Experiments = "prism_disable_sdf_split"
	process.RaiseMaxProcs()
	ptest.Main(m)
}
