package dofn

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/reflectx"
)

type row struct{ Name string }

// joinFn emits its prefix and the text of its input.
type joinFn struct {
	Prefix string
	begun  bool
}

func (f *joinFn) StartBundle(_ func(string)) { f.begun = true }

func (f *joinFn) ProcessElement(r *row, emit func(string)) error {
	if r.Name == "" {
		return errors.New("no name")
	}
	emit(f.Prefix + r.Name)
	return nil
}

func init() {
	Register(func(f *joinFn) Func { return Func2x1(f.ProcessElement) })
}

func TestRegister(t *testing.T) {
	for _, known := range []any{joinFn{}, row{}} {
		if _, ok := runtime.TypeKey(reflect.TypeOf(known)); !ok {
			t.Errorf("%T has no key", known)
		}
	}
	fn, err := graph.NewDoFn(&joinFn{Prefix: "a "})
	if err != nil {
		t.Fatal(err)
	}
	process, ok := fn.ProcessElementFn().Fn.(reflectx.Func2x1)
	if !ok {
		t.Fatalf("ProcessElement is a %T", fn.ProcessElementFn().Fn)
	}
	var got string
	emit := func(s string) { got = s }
	if err := process.Call2x1(&row{"row"}, emit); err != nil || got != "a row" {
		t.Errorf("it emitted %q and returned %v", got, err)
	}
	if err := process.Call2x1(&row{}, emit); err == nil {
		t.Error("the error of ProcessElement is lost")
	}
	fn.StartBundleFn().Fn.Call([]any{emit})
	if !fn.Recv.(*joinFn).begun {
		t.Error("StartBundle was called on another DoFn")
	}
}

// TestFuncs calls a function of each shape in both ways that Beam does. Each records its arguments
// in order.
func TestFuncs(t *testing.T) {
	var got []string
	note := func(args ...string) string {
		got = args
		return strings.Join(args, "")
	}
	type s = string
	cases := []struct {
		fn       Func
		in, out  int
		specific func(f Func, a [8]any) []any // the call specific to its shape
	}{
		{Func2x0(func(a, b s) { note(a, b) }), 2, 0, func(f Func, a [8]any) []any {
			f.(reflectx.Func2x0).Call2x0(a[0], a[1])
			return nil
		}},
		{Func2x1(func(a, b s) s { return note(a, b) }), 2, 1, func(f Func, a [8]any) []any {
			return []any{f.(reflectx.Func2x1).Call2x1(a[0], a[1])}
		}},
		{Func3x1(func(a, b, c s) s { return note(a, b, c) }), 3, 1, func(f Func, a [8]any) []any {
			return []any{f.(reflectx.Func3x1).Call3x1(a[0], a[1], a[2])}
		}},
		{Func5x0(func(a, b, c, d, e s) { note(a, b, c, d, e) }), 5, 0, func(f Func, a [8]any) []any {
			f.(reflectx.Func5x0).Call5x0(a[0], a[1], a[2], a[3], a[4])
			return nil
		}},
		{Func5x2(func(a, b, c, d, e s) (s, int) { return note(a, b, c, d, e), 5 }), 5, 2, func(f Func, a [8]any) []any {
			r, n := f.(reflectx.Func5x2).Call5x2(a[0], a[1], a[2], a[3], a[4])
			return []any{r, n}
		}},
		{Func7x1(func(a, b, c, d, e, g, h s) s { return note(a, b, c, d, e, g, h) }), 7, 1,
			func(f Func, a [8]any) []any {
				return []any{f.(reflectx.Func7x1).Call7x1(a[0], a[1], a[2], a[3], a[4], a[5], a[6])}
			}},
		{Func8x1(func(a, b, c, d, e, g, h, i s) s { return note(a, b, c, d, e, g, h, i) }), 8, 1,
			func(f Func, a [8]any) []any {
				return []any{f.(reflectx.Func8x1).Call8x1(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])}
			}},
	}
	args := [8]any{"1", "2", "3", "4", "5", "6", "7", "8"}
	for _, c := range cases {
		if typ := c.fn.Type(); typ.NumIn() != c.in || typ.NumOut() != c.out || c.fn.Name() == "" {
			t.Errorf("%q is a %v, want %d parameters and %d results", c.fn.Name(), typ, c.in, c.out)
		}
		want := "12345678"[:c.in]
		results := []any{want, 5}[:c.out]
		for how, call := range map[string]func() []any{
			"Call":      func() []any { return c.fn.Call(args[:c.in]) },
			"its shape": func() []any { return c.specific(c.fn, args) },
		} {
			got = nil
			if out := call(); strings.Join(got, "") != want || len(out) != c.out ||
				c.out > 0 && !reflect.DeepEqual(out, results) {
				t.Errorf("%v, by %s: took %v and returned %v, want %v", c.fn.Type(), how, got, out, results)
			}
		}
	}
}
