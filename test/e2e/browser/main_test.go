// Package browser tests the page in Chromium, as a person would use it.
package browser

import (
	"os"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

func TestMain(m *testing.M) {
	code := rig.Main(m)
	closeBrowser()
	os.Exit(code)
}
