package dofn

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/reflectx"
)

// named implements the methods of Func that do not depend on the signature.
type named struct{ fn any }

func (n named) Name() string       { return reflectx.FunctionName(n.fn) }
func (n named) Type() reflect.Type { return reflect.TypeOf(n.fn) }

type func2x0[A, B any] struct {
	named
	call func(A, B)
}

// Func2x0 returns the Func for a function with 2 parameters and no result.
func Func2x0[A, B any](fn func(A, B)) Func {
	return &func2x0[A, B]{named{fn}, fn}
}

func (x *func2x0[A, B]) Call(args []any) []any {
	x.call(args[0].(A), args[1].(B))
	return nil
}

func (x *func2x0[A, B]) Call2x0(a, b any) {
	x.call(a.(A), b.(B))
}

type func2x1[A, B, R any] struct {
	named
	call func(A, B) R
}

// Func2x1 returns the Func for a function with 2 parameters and 1 result.
func Func2x1[A, B, R any](fn func(A, B) R) Func {
	return &func2x1[A, B, R]{named{fn}, fn}
}

func (x *func2x1[A, B, R]) Call(args []any) []any {
	return []any{x.call(args[0].(A), args[1].(B))}
}

func (x *func2x1[A, B, R]) Call2x1(a, b any) any {
	return x.call(a.(A), b.(B))
}

type func3x1[A, B, C, R any] struct {
	named
	call func(A, B, C) R
}

// Func3x1 returns the Func for a function with 3 parameters and 1 result.
func Func3x1[A, B, C, R any](fn func(A, B, C) R) Func {
	return &func3x1[A, B, C, R]{named{fn}, fn}
}

func (x *func3x1[A, B, C, R]) Call(args []any) []any {
	return []any{x.call(args[0].(A), args[1].(B), args[2].(C))}
}

func (x *func3x1[A, B, C, R]) Call3x1(a, b, c any) any {
	return x.call(a.(A), b.(B), c.(C))
}

type func5x0[A, B, C, D, E any] struct {
	named
	call func(A, B, C, D, E)
}

// Func5x0 returns the Func for a function with 5 parameters and no result.
func Func5x0[A, B, C, D, E any](fn func(A, B, C, D, E)) Func {
	return &func5x0[A, B, C, D, E]{named{fn}, fn}
}

func (x *func5x0[A, B, C, D, E]) Call(args []any) []any {
	x.call(args[0].(A), args[1].(B), args[2].(C), args[3].(D), args[4].(E))
	return nil
}

func (x *func5x0[A, B, C, D, E]) Call5x0(a, b, c, d, e any) {
	x.call(a.(A), b.(B), c.(C), d.(D), e.(E))
}

type func5x2[A, B, C, D, E, R, S any] struct {
	named
	call func(A, B, C, D, E) (R, S)
}

// Func5x2 returns the Func for a function with 5 parameters and 2 results.
func Func5x2[A, B, C, D, E, R, S any](fn func(A, B, C, D, E) (R, S)) Func {
	return &func5x2[A, B, C, D, E, R, S]{named{fn}, fn}
}

func (x *func5x2[A, B, C, D, E, R, S]) Call(args []any) []any {
	r, s := x.call(args[0].(A), args[1].(B), args[2].(C), args[3].(D), args[4].(E))
	return []any{r, s}
}

func (x *func5x2[A, B, C, D, E, R, S]) Call5x2(a, b, c, d, e any) (any, any) {
	return x.call(a.(A), b.(B), c.(C), d.(D), e.(E))
}

type func7x1[A, B, C, D, E, F, G, R any] struct {
	named
	call func(A, B, C, D, E, F, G) R
}

// Func7x1 returns the Func for a function with 7 parameters and 1 result.
func Func7x1[A, B, C, D, E, F, G, R any](fn func(A, B, C, D, E, F, G) R) Func {
	return &func7x1[A, B, C, D, E, F, G, R]{named{fn}, fn}
}

func (x *func7x1[A, B, C, D, E, F, G, R]) Call(args []any) []any {
	return []any{x.call(args[0].(A), args[1].(B), args[2].(C), args[3].(D), args[4].(E), args[5].(F), args[6].(G))}
}

func (x *func7x1[A, B, C, D, E, F, G, R]) Call7x1(a, b, c, d, e, f, g any) any {
	return x.call(a.(A), b.(B), c.(C), d.(D), e.(E), f.(F), g.(G))
}

type func8x1[A, B, C, D, E, F, G, H, R any] struct {
	named
	call func(A, B, C, D, E, F, G, H) R
}

// Func8x1 returns the Func for a function with 8 parameters and 1 result.
func Func8x1[A, B, C, D, E, F, G, H, R any](fn func(A, B, C, D, E, F, G, H) R) Func {
	return &func8x1[A, B, C, D, E, F, G, H, R]{named{fn}, fn}
}

func (x *func8x1[A, B, C, D, E, F, G, H, R]) Call(args []any) []any {
	return []any{x.Call8x1(args[0], args[1], args[2], args[3], args[4], args[5], args[6], args[7])}
}

func (x *func8x1[A, B, C, D, E, F, G, H, R]) Call8x1(a, b, c, d, e, f, g, h any) any {
	return x.call(a.(A), b.(B), c.(C), d.(D), e.(E), f.(F), g.(G), h.(H))
}
