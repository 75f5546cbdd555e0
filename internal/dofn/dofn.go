// Package dofn registers DoFns with Beam so that no element costs a call by reflection.
//
// Beam's package register does the same for any DoFn that there can be: for each it has the compiler make a function for every
// signature that StartBundle and FinishBundle might have, more than a thousand for the smallest. With twelve DoFns that was half of
// the program, and most of the time that our packages took to compile. Here the compiler makes what is used: ProcessElement. The other methods are
// called once for a bundle or less, and Beam calls them by reflection.
package dofn

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/reflectx"
)

// Func is a ProcessElement that Beam can call. Func2x1 and its like make them.
type Func = reflectx.Func

// Register makes the DoFn *T known to Beam, and the types that its ProcessElement takes and returns. process gives the ProcessElement
// of a DoFn. It must be called from an init.
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
