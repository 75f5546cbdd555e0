package pipeline

import (
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

var experimentsMu sync.Mutex

// withoutSplits turns off Prism's splits of running bundles. Prism hands out the rest of a split bundle while its first part still
// runs, so that another bundle opens the same keys before their state is committed, and updates are lost. Splits also cut batches
// into single elements.
func withoutSplits() {
	const experiment = "prism_disable_sdf_split"
	experimentsMu.Lock()
	defer experimentsMu.Unlock()
	switch e := *jobopts.Experiments; {
	case e == "":
		*jobopts.Experiments = experiment
	case !strings.Contains(e, experiment):
		*jobopts.Experiments = e + "," + experiment
	}
}
