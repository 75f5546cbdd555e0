package documents

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// signalsPage is the page of the storefront's developer.
const signalsPage = "docs/SIGNALS.md"

// writeSignals writes signals as the pipeline does. Velocity keys do not expire.
func writeSignals(t *testing.T, addrs []string, stocks []signal.Stock, velocities []signal.Velocity) {
	t.Helper()
	sink, err := redis.Open(redis.Config{Addrs: addrs}, redis.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	if err := sink.WriteStock(t.Context(), stocks); err != nil {
		t.Fatal(err)
	}
	never := func(signal.Velocity) time.Time { return time.Time{} }
	if err := sink.WriteVelocity(t.Context(), velocities, never); err != nil {
		t.Fatal(err)
	}
}

// serve starts streamlytics serve and returns its URL.
func serve(t *testing.T, redisAddr string) string {
	t.Helper()
	p := rig.StartCommand(t, rig.Command(t, "serve", "--addr=0", "--log_format=text", "--redis_addrs="+redisAddr))
	line := regexp.MustCompile(`serving signals at (http://[0-9.:]+)`)
	if err := p.Await("it serves", time.Minute, func() bool { return line.MatchString(p.Log()) }); err != nil {
		t.Fatal(err)
	}
	return line.FindStringSubmatch(p.Log())[1]
}

// TestSignalsSession has redis-cli and curl answer the questions of the page.
func TestSignalsSession(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	writeSignals(t, []string{server.Addr}, []signal.Stock{
		{StoreID: "12", ProductID: "555", OnHand: 4, Version: 1795450795503757, Known: true, Barrier: 1795759200000,
			AsOf: 1795780800061, Badge: signal.LowStock},
		{ProductID: "555", OnHand: 204, Version: 1795450795503757, Known: true, AsOf: 1795780800061},
		{StoreID: "1", ProductID: "BLUE SHIRT-XL", OnHand: 7, Version: 1, Known: true, AsOf: 1795780800061},
	}, []signal.Velocity{{StoreID: "12", ProductID: "555", Window: signal.WindowHour, UnitsHour: 11, UnitsDay: 11,
		HighDemand: true, AsOf: 1795780800076}})
	steps := steps(t, signalsPage, 5)
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	commands := []string{`redis-cli() { command redis-cli -p ` + port + ` "$@"; }
curl() { command curl "${@/http:\/\/127.0.0.1:8080/` + serve(t, server.Addr) + `}"; }`}
	for _, s := range steps {
		commands = append(commands, s.Command)
	}
	outputs, err := runSession(t.Context(), t.TempDir(), []string{"PATH=" + os.Getenv("PATH")}, commands)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range steps {
		if outputs[i+1] != s.Output {
			t.Errorf("%s:%d: %s\nprints\n%s\nand not\n%s", signalsPage, s.Line, s.Command, outputs[i+1], s.Output)
		}
	}
}

// fieldRow matches the row of a field: its name and type.
var fieldRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\|")

// TestSignalsFields compares the fields and types in the tables of the page with what Redis holds for all
// kinds of signals.
func TestSignalsFields(t *testing.T) {
	t.Parallel()
	stocks := []signal.Stock{
		{StoreID: "1", ProductID: "1", OnHand: 4, Version: 1, Known: true, Barrier: 1795759200000, AsOf: 1,
			Badge: signal.LowStock},
		{StoreID: "1", ProductID: "2", OnHand: 4, Version: 1, AsOf: 1},
	}
	velocities := []signal.Velocity{
		{StoreID: "1", ProductID: "1", Window: signal.WindowHour, HighDemand: true},
		{ProductID: "1", Window: signal.WindowDay, UnitsDay: 1},
	}
	server := redistest.Start(t)
	writeSignals(t, []string{server.Addr}, stocks, velocities)
	db := server.Client()
	var hashes, objects []map[string]string
	for _, s := range stocks {
		hash, err := db.HGetAll(t.Context(), s.MetaKey()).Result()
		if err != nil {
			t.Fatal(err)
		}
		for field, value := range hash {
			hash[field] = stringType(field, value)
		}
		hashes = append(hashes, hash)
	}
	for _, v := range velocities {
		value, err := db.Get(t.Context(), v.Key()).Result()
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, jsonTypes(t, value))
	}
	for heading, want := range map[string]map[string]string{
		"### Stock fields\n":    typesOf(hashes),
		"### Velocity fields\n": typesOf(objects),
	} {
		_, section, _ := strings.Cut(read(t, signalsPage), heading)
		section, _, _ = strings.Cut(section, "\n#")
		listed := map[string]string{}
		for _, row := range fieldRow.FindAllStringSubmatch(section, -1) {
			listed[row[1]] = row[2]
		}
		if !maps.Equal(listed, want) {
			t.Errorf("%s has %s of\n%v\nand Redis\n%v", signalsPage, strings.TrimSpace(heading), listed, want)
		}
	}
}

// stringType returns the type of a value in a hash.
func stringType(field, value string) string {
	switch {
	case value == "":
		return "empty"
	case field == "known":
		return value
	case regexp.MustCompile(`^\d+$`).MatchString(value):
		return "integer"
	}
	return "string"
}

// jsonTypes returns the types of the fields of an object.
func jsonTypes(t *testing.T, object string) map[string]string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for name, value := range fields {
		switch text := string(value); {
		case text == "null":
			types[name] = "null"
		case text[0] == '"':
			types[name] = "string"
		case strings.Contains(text, "."):
			types[name] = "number"
		default:
			types[name] = "integer"
		}
	}
	return types
}

// typesOf returns the type of each field over all values.
func typesOf(values []map[string]string) map[string]string {
	names := map[string]bool{}
	for _, v := range values {
		for name := range v {
			names[name] = true
		}
	}
	// The types of a page, by those that occur, in the order of the alphabet.
	several := map[string]string{"empty, integer": "integer or empty", "empty, string": "string or empty", "0, 1": "1 or 0",
		"null, string": "string or null", "integer, number": "number", "absent, string": "string, absent for all stores"}
	types := map[string]string{}
	for name := range names {
		occur := map[string]bool{}
		for _, v := range values {
			if v[name] == "" {
				occur["absent"] = true
			} else {
				occur[v[name]] = true
			}
		}
		types[name] = strings.Join(slices.Sorted(maps.Keys(occur)), ", ")
		if text, ok := several[types[name]]; ok {
			types[name] = text
		}
	}
	return types
}
