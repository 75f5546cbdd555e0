package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestBadOptions checks that one message lists everything that is wrong.
func TestBadOptions(t *testing.T) {
	out, err := exec.Command(rig.Binary(t), "--foo=1", "--key_groups=many", "stray", "--pos_subscription=x",
		"--events_files=/nowhere/*", "--clock_speed=-1", "--restore=tape").CombinedOutput()
	if err == nil {
		t.Fatal("exit code 0")
	}
	for _, want := range []string{"--foo: unknown flag", `--key_groups: "many" is not an integer`,
		`"stray" is no flag`, "--pos_subscription", "--events_files: no file matches /nowhere/*",
		"--clock_speed: -1", `--restore: "tape"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}
