package dataflow

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/test/rig"
)

// asPrism is the environment variable that makes the test binary run Prism in place of the tests.
const asPrism = "TEST_AS_PRISM"

// servePrism runs Prism at a free port, prints its address, and returns only by panicking.
func servePrism() {
	port, err := loopback.FreePort()
	if err == nil {
		_, err = prism.CreateJobServer(context.Background(), prism.Options{Port: port})
	}
	if err == nil {
		err = loopback.Only(port)
	}
	if err != nil {
		panic(err)
	}
	fmt.Printf("serving at localhost:%d\n", port)
	select {}
}

// startPrism starts a Prism that is killed with the test, and returns its job service.
func startPrism(t *testing.T) jobpb.JobServiceClient {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asPrism+"=1")
	process, addr := rig.StartCommand(t, cmd), ""
	if err := process.Await("Prism serves", patience, func() bool {
		_, rest, _ := strings.Cut(process.Log(), "serving at ")
		var complete bool
		addr, _, complete = strings.Cut(rest, "\n")
		return complete
	}); err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return jobpb.NewJobServiceClient(conn)
}
