package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/beamlytics/streamlytics/test/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestServesUntilASignal(t *testing.T) {
	programtest.ServesUntilASignal(t, []string{"--job_port=0"}, func(t *testing.T, line string) {
		addr, found := strings.CutPrefix(line, "--endpoint=")
		if !found {
			t.Fatalf("printed %q", line)
		}
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := jobpb.NewJobServiceClient(conn).GetJobs(t.Context(), &jobpb.GetJobsRequest{}, grpc.WaitForReady(true)); err != nil {
			t.Errorf("it does not answer: %v", err)
		}
	})
}

func TestRefusesBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--nonsense"}, "nonsense"},
		{[]string{"--job_port=0", "extra"}, "extra"},
		{[]string{"--job_port=65536"}, "65536"},
		{[]string{"--job_port=-1"}, "-1"},
	} {
		var stdout bytes.Buffer
		err := run(t.Context(), c.args, &stdout, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) || stdout.Len() > 0 {
			t.Errorf("%v: printed %q, error %v; want an error with %q", c.args, stdout.String(), err, c.want)
		}
	}
}
