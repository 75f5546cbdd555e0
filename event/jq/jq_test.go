package jq

import (
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/itchyny/gojq"
)

// run compiles and runs a program and returns its outputs as JSON, one a line.
func run(t testing.TB, source string, input any) (string, error) {
	t.Helper()
	p, err := Compile(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	outputs, err := p.Run(input, 0)
	return lines(outputs), err
}

func lines(outputs []any) string {
	var b strings.Builder
	for _, v := range outputs {
		text, _ := gojq.Marshal(v)
		b.Write(append(text, '\n'))
	}
	return b.String()
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct{ program, want string }{
		{"", `missing query`},
		{".a |\n  |", `line 2, column 3: unexpected token "|"`},
		{".a as [$x] | ", "line 1, column 14: unexpected EOF"},
		{"\n\n .a = \"x", "line 3, column 9: unterminated string literal"},
		{"missing(1)", "function not defined: missing/1"},
		{"$x", "variable not defined: $x"},
		{".\xff", "not UTF-8"},
		{strings.Repeat(" ", MaxProgram+1), "bytes, more than 1048576"},
		{"now", "now cannot be used in a program: it reads the clock"},
		{"[1 | localtime]", "localtime cannot be used in a program: it depends on the zone of the machine"},
		{`1 | strflocaltime("%Y")`, "strflocaltime cannot be used"},
		{`"x" | strptime("%Z")`, "strptime with a computed format, %Z or %+ cannot be used"},
		{"env.HOME", "env cannot be used in a program: it reads what is outside of the message"},
		{"$ENV", "$ENV cannot be used"},
		{"input", "input cannot be used"},
		{"[inputs]", "inputs cannot be used"},
		{"input_filename", "input_filename cannot be used"},
		{"debug", "debug cannot be used"},
		{"debug(.)", "debug cannot be used"},
		{"stderr", "stderr cannot be used"},
		{"halt", "halt cannot be used"},
		{`"x" | halt_error(1)`, "halt_error cannot be used"},
		{`import "m" as m; m::f`, "a module cannot be used"},
		{`include "m"; f`, "a module cannot be used"},
		{"_match(1; 2; 3)", "_match cannot be used"},
		{"test(.p)", "test with a computed pattern"},
		{`test("\(.p)")`, "test with a computed pattern"},
		{"now, env, now", "now cannot be used in a program: it reads the clock; env cannot"},
	} {
		if _, err := Compile(c.program); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %q", c.program, err, c.want)
		}
	}
}

// TestTimesIsMultiplication checks that the operators that are replaced have the outputs of the
// interpreter's, in the same order.
func TestTimesIsMultiplication(t *testing.T) {
	for _, source := range []string{`"a-b-c" | gsub("-"; "")`, `["a1b2" | scan("[0-9]")] | .[1]`,
		`"a,b" | split(","; null)`,
		`"xay" | match("a"; "g").offset`, "2 * 3", "(1, 2) * (3, 4)", `"ab" * 3`, `3 * "ab"`, `"a" * 0`,
		"{a: {b: 1}} * {a: {c: 2}}", "[1, 2] | .[] *= 3", ".a *= (2, 3)", "1 * null",
		`. as {a: $x} | $x * $x + 2 * 3 - 1`, "def f: 2 * .; 4 | f"} {
		query, err := gojq.Parse(source)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		var want []any
		for results := query.Run(decoded(t, `{"a": 5}`)); ; {
			v, ok := results.Next()
			if _, failed := v.(error); failed {
				want = nil
			}
			if _, failed := v.(error); failed || !ok {
				break
			}
			want = append(want, v)
		}
		got, err := run(t, source, decoded(t, `{"a": 5}`))
		if got != lines(want) || err != nil && want != nil {
			t.Errorf("%s: got %s %v, want %s", source, got, err, lines(want))
		}
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	input := map[string]any{"i": 9007199254740993, "e": json.Number("1.50"),
		"n": json.Number("12345678901234567890.10")}
	for program, want := range map[string]string{
		".n": "12345678901234567890.10", ".e | tostring": `"1.50"`, ".i + 1": "9007199254740994",
		".i * .i": "81129638414606699710187514626049", `"\(.n)/\(.i)"`: `"12345678901234567890.10/9007199254740993"`,
	} {
		if got, err := run(t, program, input); err != nil || got != want+"\n" {
			t.Errorf("%s: %s %v, want %s", program, got, err, want)
		}
	}
}

func TestAppendNumber(t *testing.T) {
	nan := func(t *testing.T) any {
		p, err := Compile("nan")
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.Run(nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{-3, "-3"}, {json.Number("1.50"), "1.50"}, {1e15, "1000000000000000"}, {0.1, "0.1"}, {nan(t), "null"},
		{new(big.Int).Lsh(big.NewInt(1), 70), "1180591620717411303424"},
	} {
		if got := string(AppendNumber([]byte("x"), c.v)); got != "x"+c.want {
			t.Errorf("%v: %s, want %s", c.v, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ program, want string }{
		{`error("no store")`, "no store"},
		{`error({a: 1})`, `error: {"a":1}`},
		{`error`, "error: null"},
		{`1, error("late")`, "late"},
		{`[range(100000)] | error`, "error: [0,1,2,3,4,5,6,7,8,9,10,1 ...]"},
		{`range(10001)`, "more than 10000 outputs"},
	} {
		if got, err := run(t, c.program, nil); err == nil || err.Error() != c.want || got != "" {
			t.Errorf("%s: %s %v, want %q", c.program, got, err, c.want)
		}
	}
}

// TestStepsAreCounted checks that the number of steps is that of the program and the message alone.
func TestStepsAreCounted(t *testing.T) {
	p, err := Compile(`[range(.n)] | length`)
	if err != nil {
		t.Fatal(err)
	}
	var steps []int64
	for range 3 {
		if _, err := p.Run(map[string]any{"n": 10_000}, 0); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, p.meter.steps)
	}
	if steps[0] < 10_000 || steps[1] != steps[0] || steps[2] != steps[0] {
		t.Errorf("steps %v", steps)
	}
	if _, err := p.Run(map[string]any{"n": 1_000_000}, 0); err != errSteps {
		t.Errorf("a million steps: %v", err)
	}
	if v, err := p.Run(map[string]any{"n": 1_000_000}, 1<<20); err != nil || !reflect.DeepEqual(v, []any{1_000_000}) {
		t.Errorf("for a large message: %v %v", v, err)
	}
}

// TestTime checks that a run ends after ten seconds, of which a pause of the process counts one.
func TestTime(t *testing.T) {
	var m meter
	m.start(0)
	for i := range 20 {
		m.began = m.began.Add(-time.Hour)
		err := error(nil)
		for range stepsPerLook {
			if m.Done() != nil {
				err = m.Err()
			}
		}
		if i < 9 && err != nil || i > 10 && err != errTime {
			t.Fatalf("after pause %d: %v", i+1, err)
		}
	}
}
