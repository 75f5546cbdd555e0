package operations

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestWrongCredentials: each mistake ends the program at its start, with a message that says what to look at, before a message is
// pulled.
func TestWrongCredentials(t *testing.T) {
	const right, marked = "the right password", "marked-4711"
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, bad := "--redis_password_secret=file:"+file("right", right), "--redis_password_secret=file:"+file("wrong", marked)
	secure, ca := redistest.StartTLS(t, "--requirepass", right)
	elsewhere, otherCA := redistest.StartTLSAs(t, "redis.example", "--requirepass", right)
	plain := redistest.Start(t, "--requirepass", right)
	run(t, secure.ClientTLS(ca, right), []any{"acl", "setuser", "reader", "on", ">" + right, "~*", "-@all", "+ping", "+get"})
	to := func(s *redistest.Server, flags ...string) []string {
		return append([]string{"--redis_addrs=" + s.Addr}, flags...)
	}

	for _, c := range []struct {
		name  string
		flags []string
		env   string
		want  string
	}{
		{"another authority", to(secure, "--redis_tls", "--redis_ca="+otherCA, good), "", "none of the trusted authorities has signed the certificate of Redis"},
		{"another host", to(elsewhere, "--redis_tls", "--redis_ca="+otherCA, good), "", "the certificate of Redis is for another host"},
		{"wrong password", to(secure, "--redis_tls", "--redis_ca="+ca, bad), "", "check the user name and the password's secret"},
		{"wrong password in the environment", to(secure, "--redis_tls", "--redis_ca="+ca), "REDIS_PASSWORD=" + marked, "check the user name and the password's secret"},
		{"wrong user", to(secure, "--redis_tls", "--redis_ca="+ca, "--redis_username=nobody", good), "", "check the user name and the password's secret"},
		{"no rights", to(secure, "--redis_tls", "--redis_ca="+ca, "--redis_username=reader", good), "", "docs/SECURITY.md lists the rights"},
		{"TLS where there is none", to(plain, "--redis_tls", "--redis_ca="+ca, good), "", "a server that does not speak TLS keeps silent"},
		{"no TLS where there is", to(secure, good), "", "a server with TLS ends connections without it"},
		{"the password itself", to(secure, "--redis_tls", "--redis_ca="+ca, "--redis_password_secret="+marked), "", "not a reference to a secret"},
		{"the password in the address", []string{"--redis_addrs=redis://:" + marked + "@" + secure.Addr}, "", "an address has an @"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pubsub := rig.StartPubSub(t)
			if err := pubsub.Publish(rig.NewTrace(rig.TraceOptions{Seed: 1, Events: 10}).Messages...); err != nil {
				t.Fatal(err)
			}
			p := rig.Start(t, rig.Launch{Env: append(pubsub.Env(), c.env), Flags: append(pubsub.Flags(), append(c.flags, "--log_level=debug")...)})
			exit, err := p.Wait(patience)
			if err != nil {
				t.Fatal(err)
			}
			if exit != (rig.Exit{Code: 1}) || !strings.Contains(p.Log(), c.want) {
				t.Errorf("%v, and it does not say %q but\n%s", exit, c.want, p.Log())
			}
			if strings.Contains(p.Log(), marked) || strings.Contains(p.Log(), right) {
				t.Errorf("it says a password:\n%s", p.Log())
			}
			if s := pubsub.Stats(); s.Delivered > 0 {
				t.Errorf("%d messages were pulled", s.Delivered)
			}
		})
	}
}
