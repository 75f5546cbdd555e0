package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// output runs the program with variables beside those of the test, and returns its exit code and
// what it prints.
func output(t *testing.T, env []string, args ...string) (code int, text string) {
	t.Helper()
	cmd := rig.Command(t, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// requireAll requires that a text has all of some others.
func requireAll(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// TestBadOptions checks that one message lists everything that is wrong in flags, environment and
// file, by types and by values, whether run is written or not.
func TestBadOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "streamlytics.yaml")
	if err := os.WriteFile(file, []byte("low_stock_exit: 1\nredis_adrs: a:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--foo=1", "--key_groups=many", "stray", "--pos_subscription=x", "--config=" + file,
		"--events_files=/nowhere/*", "--clock_speed=-1", "--restore=tape", "--pos_subscriptio=x", "--log_format=xml"}
	env := []string{"STREAMLYTICS_LEDGER_HORIZON=-1h", "STREAMLYTICS_LEDGER=1h"}
	for _, args := range [][]string{args, append([]string{"run"}, args...)} {
		code, text := output(t, env, args...)
		if code != failed || !strings.HasPrefix(text, "streamlytics: invalid options:\n") {
			t.Errorf("exit code %d", code)
		}
		requireAll(t, text, "--foo: unknown flag", `--key_groups: "many" is not an integer`, `"stray" is no flag`,
			"--pos_subscription: ", "--events_files: no file matches /nowhere/*", "--clock_speed: -1",
			`--restore: "tape"`,
			"--pos_subscriptio: unknown flag; did you mean --pos_subscription?", `--log_format: "xml"`,
			"\nSTREAMLYTICS_LEDGER_HORIZON: -1h0m0s is not between", "\nSTREAMLYTICS_LEDGER: unknown variable",
			"\n"+file+":2: redis_adrs: unknown key; did you mean redis_addrs?",
			"\n"+file+":1: low_stock_exit: 1 is less than")
	}
}

// TestFileAndEnvironment runs the pipeline from a file and the environment alone, with a log of
// JSON, because the output is no terminal.
func TestFileAndEnvironment(t *testing.T) {
	redis, file := redistest.Start(t).Addr, filepath.Join(t.TempDir(), "streamlytics.yaml")
	text := "redis_addrs: 127.0.0.1:1 # the environment has another\nevents_files: [" + sales(t, 30) +
		"]\nshops: 3 # of demo\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, text := output(t, []string{"STREAMLYTICS_CONFIG=" + file, "STREAMLYTICS_REDIS_ADDRS=" + redis,
		"TMPDIR=" + t.TempDir()})
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	var messages []string
	for line := range strings.Lines(text) {
		var record struct{ Time, Level, Severity, Msg, Pipeline string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if record.Time == "" || record.Level == "" || record.Severity == "" ||
			!strings.HasPrefix(record.Pipeline, "streamlytics-") {
			t.Errorf("incomplete: %s", line)
		}
		messages = append(messages, record.Msg)
	}
	if got := strings.Join(messages, ", "); got != "pipeline started, pipeline ended" {
		t.Errorf("the log has: %s", got)
	}
	code, text = output(t, nil, "--events_files="+sales(t, 3), "--redis_addrs="+nobody(t), "--log_format=json")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if code != failed || !strings.Contains(lines[len(lines)-1], `"severity":"ERROR","msg":"pipeline failed"`) {
		t.Errorf("exit code %d, and the last line is %s", code, lines[len(lines)-1])
	}
}

// TestHelp checks that each command has help with all its flags, and leads to them.
func TestHelp(t *testing.T) {
	for args, wants := range map[string][]string{
		"--help": {"\nExamples:\n", "\nCommands:\n", "  deadletters ", "\nInput:\n",
			"--pos_subscription", "\nRedis:\n"},
		"-h":                       {"\nCommands:\n"},
		"help":                     {"\nCommands:\n"},
		"help run":                 {"Usage:\n  streamlytics run [flags]", "--pos_subscription", "(default 10s)"},
		"run --help":               {"Usage:\n  streamlytics run [flags]"},
		"demo --help":              {"clock_speed"},
		"check --help":             {"--print_config", "--sample"},
		"deadletters":              {"  show "},
		"deadletters --help":       {"  show "},
		"deadletters replay -h":    {"--new_id"},
		"replay --help":            {"--duplicates"},
		"simulate --help":          {"--events_per_second"},
		"pubsub serve --help":      {"--create"},
		"pubsub setup --help":      {"--ack_deadline"},
		"pubsub publish --help":    {"--topic"},
		"version":                  {"streamlytics "},
		"--version":                {"streamlytics "},
		"completion bash":          {"__start_streamlytics"},
		"completion zsh":           {"#compdef streamlytics"},
		"completion fish":          {"complete -c streamlytics"},
		"__complete run --redis_t": {"--redis_tls\tconnect to Redis with TLS"},
		"__complete --log_f":       {"--log_format=\t"},
		"__complete --log_format=": {"auto\n", "json\n"},
		"help deadletters show":    {"Usage:\n  streamlytics deadletters show [flags] N"},
		"__complete de":            {"deadletters\t", "demo\t"},
	} {
		code, text := output(t, nil, strings.Fields(args)...)
		if code != 0 {
			t.Errorf("%s: exit code %d", args, code)
		}
		requireAll(t, text, wants...)
	}
}

// TestUnknownCommands checks that a command that is not there is refused in one line, with those
// that are near.
func TestUnknownCommands(t *testing.T) {
	for args, want := range map[string]string{
		"rnu":              `unknown command "rnu" for "streamlytics"; did you mean run?`,
		"deadletter":       `unknown command "deadletter" for "streamlytics"; did you mean deadletters?`,
		"deadletters lits": `unknown command "lits" for "streamlytics deadletters"; did you mean list?`,
		"pubsub x":         `unknown command "x" for "streamlytics pubsub"`,
		"rum --foo":        `unknown command "rum" for "streamlytics"; did you mean run?`,
		"help rum":         `unknown command "rum" for "streamlytics"; did you mean run?`,
		"help pubsub srve": `unknown command "srve" for "streamlytics pubsub"; did you mean serve?`,
	} {
		if code, text := output(t, nil, strings.Fields(args)...); code != failed || text != "streamlytics: "+want+"\n" {
			t.Errorf("%s: exit code %d, %s", args, code, text)
		}
	}
	code, text := output(t, nil, "demo", "--nonsense", "--shops=0", "stray")
	if code != failed {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, text, "--nonsense: unknown flag", "--shops: 0", `unexpected argument "stray"`)
}
