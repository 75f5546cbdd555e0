package config

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// values are the fields that the flags of the tests set.
type values struct {
	addrs  string
	secret string
	mode   string
	tls    bool
	units  int64
	seed   uint64
	speed  float64
	every  time.Duration
	level  slog.Level
}

func (v *values) set() *Set {
	return NewSet(
		Group{Name: "Redis", Flags: []Flag{
			{Name: "redis_addrs", Var: &v.addrs, Usage: "`host:port` of Redis"},
			{Name: "redis_secret", Var: &v.secret, Usage: "where it is",
				Secret: func(s string) bool { return s != "" }},
			{Name: "redis_tls", Var: &v.tls, Usage: "connect with TLS"},
		}},
		Group{Name: "State", Flags: []Flag{
			{Name: "mode", Var: &v.mode, Choices: []string{"one", "two"}, Usage: "which of the two"},
			{Name: "units", Var: &v.units, Usage: "how many `units`"},
			{Name: "seed", Var: &v.seed, Usage: "a `number`"},
			{Name: "speed", Var: &v.speed, Usage: "how fast"},
			{Name: "every", Var: &v.every, Usage: "how often"},
			{Name: "level", Var: &v.level, Usage: "the `level`"},
		}})
}

func defaults() values {
	return values{addrs: "a:1", mode: "one", units: 5, speed: 1, every: time.Minute}
}

// write returns the path of a file with a text.
func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "options.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPrecedence checks all combinations of layers for one option, and where its value came from.
func TestPrecedence(t *testing.T) {
	file := write(t, "units: 10\n")
	for _, c := range []struct {
		file, env, flag bool
		want            int64
		name            string
	}{
		{false, false, false, 5, "--units"},
		{true, false, false, 10, file + ":1: units"},
		{false, true, false, 20, "STREAMLYTICS_UNITS"},
		{true, true, false, 20, "STREAMLYTICS_UNITS"},
		{false, false, true, 30, "--units"},
		{true, false, true, 30, "--units"},
		{false, true, true, 30, "--units"},
		{true, true, true, 30, "--units"},
	} {
		v := defaults()
		var args, environ []string
		if c.flag {
			args = append(args, "--units=30")
		}
		if c.env {
			environ = append(environ, "STREAMLYTICS_UNITS=20")
		}
		if c.file {
			environ = append(environ, "STREAMLYTICS_CONFIG="+file)
		}
		set := v.set()
		if _, err := set.Parse(args, environ); err != nil || v.units != c.want || set.NameOf("units") != c.name ||
			set.Given("units") != (c.file || c.env || c.flag) {
			t.Errorf("%+v: %d from %s, %v", c, v.units, set.NameOf("units"), err)
		}
	}
}

// TestOneMessage checks that one error lists all that is wrong in all layers, each with its place
// and, where a name is near, a suggestion.
func TestOneMessage(t *testing.T) {
	file := write(t, "redis_addr: b:2\nunits: many\nmode: tow\nunits: 7\nspeed:\nevery: {a: b}\nconfig: other.yaml\n")
	v := defaults()
	rest, err := v.set().Parse(
		[]string{"--config", file, "--redis_adrs=x", "stray", "--mode=three", "--every=7d", "--seed=-1", "-units"},
		[]string{"STREAMLYTICS_SPEEED=2", "STREAMLYTICS_redis_tls=true", "OTHER=1", "STREAMLYTICS_SPEED=",
			"STREAMLYTICS_LEVEL=LOUD"})
	want := strings.ReplaceAll(`--redis_adrs: unknown flag; did you mean --redis_addrs?
--units: needs a value
STREAMLYTICS_SPEEED: unknown variable; did you mean STREAMLYTICS_SPEED?
STREAMLYTICS_redis_tls: unknown variable; did you mean STREAMLYTICS_REDIS_TLS?
FILE:1: redis_addr: unknown key; did you mean redis_addrs?
FILE:4: units: is in line 2 already
FILE:5: speed: has no value
FILE:6: every: is neither a value nor a list of values
FILE:7: config: a file cannot name another file
FILE:2: units: "many" is not an integer
FILE:3: mode: "tow" is not one or two
STREAMLYTICS_LEVEL: "LOUD" is not DEBUG, INFO, WARN or ERROR
--mode: "three" is not one or two
--every: "7d" is not a duration such as 30s or 168h: there is no unit for days or weeks; write 168h
--seed: "-1" is not an integer`, "FILE", file)
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if len(rest) != 1 || rest[0] != "stray" || v != defaults() {
		t.Errorf("arguments %q, values %+v", rest, v)
	}
}

// TestFiles checks what is and what is no file of options.
func TestFiles(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"# nothing\n":                  "",
		"redis_addrs: [b:2, c:3]\n":    "",
		"- redis_addrs\n":              "is not a list of keys with values",
		"redis_addrs: b:2\n---\na: 1":  "has more than one YAML document",
		"redis_addrs: [b:2, [c]]\n":    "is a list of other things than values",
		"redis_addrs: b:2\n\tbad: [\n": "yaml",
	} {
		v := defaults()
		_, err := v.set().Parse([]string{"--config=" + write(t, text)}, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if strings.Contains(text, "c:3") && v.addrs != "b:2,c:3" {
			t.Errorf("%q: %s", text, v.addrs)
		}
	}
	v := defaults()
	if _, err := v.set().Parse(nil, []string{"STREAMLYTICS_CONFIG=/nowhere/x.yaml"}); err == nil ||
		!strings.HasPrefix(err.Error(), "STREAMLYTICS_CONFIG: open /nowhere/x.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestSkipped checks the variables and keys that are none of a command's concern.
func TestSkipped(t *testing.T) {
	v := defaults()
	set := v.set()
	set.Tolerate([]string{"shops"})
	_, err := set.Parse([]string{"--config=" + write(t, "shops: 3\n")}, []string{
		"STREAMLYTICS_SHOPS=4",
		// Kubernetes sets these for the Services streamlytics and streamlytics-redis.
		"STREAMLYTICS_SERVICE_HOST=10.0.0.1", "STREAMLYTICS_SERVICE_PORT=9464",
		"STREAMLYTICS_SERVICE_PORT_METRICS=9464",
		"STREAMLYTICS_PORT=tcp://10.0.0.1:9464", "STREAMLYTICS_PORT_9464_TCP=tcp://10.0.0.1:9464",
		"STREAMLYTICS_REDIS_SERVICE_HOST=10.0.0.2", "STREAMLYTICS_REDIS_PORT_6379_TCP_ADDR=10.0.0.2",
		"STREAMLYTICS_REDIS_PORT=tcp://10.0.0.2:6379",
		"STREAMLYTICS_PORT_9464_TCP_PROTO=tcp", "STREAMLYTICS_PORT_9464_TCP_PORT=9464",
		"STREAMLYTICS_PORT_9464_TCP_ADDR=10.0.0.1",
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := set.Parse([]string{"--shops=4"}, nil); err == nil {
		t.Error("an option of another command is taken as a flag")
	}
}

// TestLibrary checks that the flags of a library are set from all layers, also those of the same
// name.
func TestLibrary(t *testing.T) {
	library := flag.NewFlagSet("", flag.ContinueOnError)
	job, units := library.String("job_name", "", ""), library.Int64("units", 1, "")
	v := defaults()
	set := v.set()
	set.AddLibrary(library, "streaming")
	_, err := set.Parse([]string{"--units=9", "--streaming", "--streaming=false",
		"--config=" + write(t, "job_name: night\n")}, nil)
	if err != nil || *job != "night" || *units != 9 || v.units != 9 {
		t.Errorf("job %s, units %d and %d, %v", *job, *units, v.units, err)
	}
	if _, err := set.Parse([]string{"--streaming=maybe"}, nil); err == nil ||
		!strings.Contains(err.Error(), `--streaming: "maybe"`) {
		t.Errorf("a wrong value of an ignored flag: %v", err)
	}
	var out bytes.Buffer
	if err := set.Print(&out); err != nil || !strings.Contains(out.String(), "# Beam\njob_name: night # ") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestPrintIsReadAgain checks that a printed configuration has the same values when it is read.
func TestPrintIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		v := defaults()
		v.addrs = rapid.OneOf(rapid.StringMatching(`[ -~\n]{0,40}`),
			rapid.SampledFrom([]string{"true", "5", "null", "~", "a: b", "# no", "- x", "'", `"`, "0x1f", "1e3",
				"2026-11-29", ".a | {b: .c}", "line\nline\n", " a ", "yes"}),
		).Draw(t, "addrs")
		v.units, v.seed = rapid.Int64().Draw(t, "units"), rapid.Uint64().Draw(t, "seed")
		v.speed = rapid.Float64().Draw(t, "speed")
		v.every = time.Duration(rapid.Int64().Draw(t, "every"))
		v.tls = rapid.Bool().Draw(t, "tls")
		var out bytes.Buffer
		if err := v.set().Print(&out); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "printed.yaml")
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		again := defaults()
		if _, err := again.set().Parse([]string{"--config=" + path}, nil); err != nil || again != v {
			t.Fatalf("%v\n%+v is read again as %+v from\n%s", err, v, again, out.String())
		}
	})
}

// TestSecrets checks that a secret is in no message and in no printed configuration.
func TestSecrets(t *testing.T) {
	v := defaults()
	set := v.set()
	_, err := set.Parse([]string{"--redis_secret=hunter2"}, nil)
	var out bytes.Buffer
	if perr := set.Print(&out); err != nil || perr != nil || strings.Contains(out.String(), "hunter2") ||
		!strings.Contains(out.String(), `redis_secret: '********' # command line`) {
		t.Errorf("%v, %v\n%s", err, perr, out.String())
	}
}

// TestHelp checks the columns of the help, and that all flags are in it and in the table.
func TestHelp(t *testing.T) {
	v := defaults()
	set := v.set()
	var out bytes.Buffer
	if err := set.Help(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nRedis:\n  --redis_addrs host:port         host:port of Redis (default a:1)\n",
		"  --redis_tls                     connect with TLS\n",
		"  --mode one|two                  which of the two (default one)\n",
		"  --every duration                how often (default 1m0s)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	for _, name := range set.Names() {
		if !strings.Contains(out.String(), "--"+name+" ") || !strings.Contains(set.Table(), "| `--"+name+"` |") {
			t.Errorf("--%s is not described", name)
		}
	}
}

func TestComplete(t *testing.T) {
	v := defaults()
	set := v.set()
	for word, want := range map[string]string{"--redis_t": "--redis_tls\tconnect with TLS", "--mode=t": "two",
		"--un": "--units=\thow many units", "--redis_tls=f": "false", "--units=": "", "x": ""} {
		if got := strings.Join(set.Complete(word), " "); got != want {
			t.Errorf("%q becomes %q, want %q", word, got, want)
		}
	}
}

// TestLogLines checks the schema of the log.
func TestLogLines(t *testing.T) {
	for level, severity := range map[slog.Level]string{slog.LevelDebug: "DEBUG", slog.LevelInfo: "INFO",
		slog.LevelWarn: "WARNING", slog.LevelError: "ERROR", slog.LevelError + 4: "ERROR"} {
		var out bytes.Buffer
		l := Log{Level: slog.LevelDebug, Format: logAuto} // a buffer is no terminal
		slog.New(l.NewHandler(&out)).With("pipeline", "p-1").Log(t.Context(), level, "done", "level", "3rd",
			"error", os.ErrNotExist)
		line := out.String()
		for _, want := range []string{`"level":"` + level.String() + `","severity":"` + severity + `"`, `"msg":"done"`,
			`"time":"2`, `"pipeline":"p-1"`, `"level":"3rd"`, `"error":"file does not exist"`} {
			if !strings.Contains(line, want) {
				t.Errorf("%v: %s is not in %s", level, want, line)
			}
		}
		out.Reset()
		l.Format = logText
		slog.New(l.NewHandler(&out)).Log(t.Context(), level, "done")
		if !strings.Contains(out.String(), "level="+level.String()+" msg=done") {
			t.Errorf("%v as text: %s", level, out.String())
		}
	}
}
