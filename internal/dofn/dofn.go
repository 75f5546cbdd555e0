// Package dofn registers DoFns with Beam so that ProcessElement is called without reflection. It
// replaces Beam's package register for binary size and build time.
//
// For each DoFn, package register instantiates functions for every possible signature of
// StartBundle and FinishBundle, more than a thousand for the smallest DoFn. For twelve DoFns these
// were half of the binary. This package instantiates ProcessElement only. Beam calls the other
// methods by reflection, at most once a bundle.
package dofn

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/reflectx"
)

// Func is a ProcessElement function that Beam can call. The functions Func2x0 to Func8x1 return
// one.
type Func = reflectx.Func

// Register registers the DoFn *T, and the struct types that its ProcessElement takes and returns.
// process returns the ProcessElement of a DoFn. Register must be called from an init function.
func Register[T any](process func(*T) Func) {
	t := reflect.TypeFor[T]()
	beam.RegisterType(t)
	signature := process(new(T)).Type()
	for i := range signature.NumIn() {
		registerStruct(signature.In(i))
	}
	for i := range signature.NumOut() {
		registerStruct(signature.Out(i))
	}
	reflectx.RegisterStructWrapper(t, func(fn any) map[string]reflectx.Func {
		return map[string]reflectx.Func{"ProcessElement": process(fn.(*T))}
	})
}

func registerStruct(t reflect.Type) {
	if t = reflectx.SkipPtr(t); t.Kind() == reflect.Struct {
		beam.RegisterType(t)
	}
}
