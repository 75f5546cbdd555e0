package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// The test binary is the program itself when it finds this in its environment.
const asProgram = "LOCALPUBSUB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestServesUntilASignal(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "--addr=127.0.0.1:0", "--project=shop", "--create=sales:sales-a,views")
			cmd.Env = append(os.Environ(), asProgram+"=1")
			cmd.Stderr = t.Output()
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			watchdog := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
			defer watchdog.Stop()

			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			name, addr, found := strings.Cut(strings.TrimSpace(line), "=")
			if !found || name != "PUBSUB_EMULATOR_HOST" {
				t.Fatalf("printed %q", line)
			}
			t.Setenv(name, addr)
			subs, err := apiv1.NewSubscriptionAdminClient(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = subs.Close() }()
			got, err := subs.GetSubscription(t.Context(), &pb.GetSubscriptionRequest{Subscription: "projects/shop/subscriptions/sales-a"})
			if err != nil || got.GetTopic() != "projects/shop/topics/sales" {
				t.Errorf("got %v, %v", got, err)
			}

			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
		})
	}
}

func TestRefusesBadCommandLines(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--nonsense"}, "nonsense"},
		{[]string{"--addr=127.0.0.1:0", "extra"}, "extra"},
		{[]string{"--addr=127.0.0.1:0", "--create=a:b"}, "projects/local/topics/a"},
		{[]string{"--addr=127.0.0.1:0", "--create=sales:sub,views:sub"}, "already exists"},
		{[]string{"--addr=" + taken.Addr().String()}, taken.Addr().String()},
	} {
		var stdout bytes.Buffer
		err := run(t.Context(), c.args, &stdout, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) || stdout.Len() > 0 {
			t.Errorf("%v: printed %q, error %v; want an error with %q", c.args, stdout.String(), err, c.want)
		}
	}
}
