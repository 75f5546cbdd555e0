package main

import (
	"os"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/programtest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestASignalEndsItWithALastLine(t *testing.T) {
	server := rig.ServePubSub(t, localpubsub.Options{})
	if err := server.Create("p", "pos:pos,ecom:ecom,wms:wms"); err != nil {
		t.Fatal(err)
	}
	programtest.Signals(t, func(t *testing.T, signal os.Signal) {
		cmd := programtest.Command(t, "--project=p", "--report_every=100ms", "--shops=1", "--products=5")
		cmd.Env = append(cmd.Env, "PUBSUB_EMULATOR_HOST="+server.Addr())
		out := programtest.Start(t, cmd)
		if _, err := out.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		last := ""
		for {
			line, err := out.ReadString('\n')
			if err != nil {
				break
			}
			last = line
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("exit: %v", err)
		}
		if !strings.Contains(last, " messages published, ") {
			t.Errorf("the last line is %q", last)
		}
	})
}
