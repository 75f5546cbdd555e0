package localpubsub

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/config"
)

func TestCommandRefusesBadCommandLines(t *testing.T) {
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
		command := DefaultCommand()
		err := config.Parse(&command, c.args, nil)
		if err == nil {
			err = command.Run(t.Context(), &stdout)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || stdout.Len() > 0 {
			t.Errorf("%v: printed %q, error %v; want an error with %q", c.args, stdout.String(), err, c.want)
		}
	}
}
