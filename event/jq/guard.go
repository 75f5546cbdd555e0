package jq

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// refused are the functions that programs may not call, with the reason.
var refused = map[string]string{
	"now": "it reads the clock", "localtime": zoned, "strflocaltime": zoned,
	"env": outside, "$ENV": outside, "input": outside, "inputs": outside, "input_filename": outside,
	"input_line_number": outside, "modulemeta": outside, "get_search_list": outside,
	"debug": "it writes to the log", "stderr": "it writes to the log",
	"halt": ends, "halt_error": ends,
}

const (
	zoned   = "it depends on the zone of the machine"
	outside = "it reads what is outside of the message"
	ends    = "error refuses a message, and empty leaves it out"
)

// patterned are the functions whose first argument is a pattern. The interpreter keeps every pattern
// that was used, so patterns must not come from messages.
var patterned = []string{"test", "match", "capture", "scan", "splits", "sub", "gsub"}

// findAll are the functions, by name and number of arguments, that may find all matches of a pattern.
// Their cost is quadratic in the text.
var findAll = []string{"match/2", "capture/2", "scan/1", "scan/2", "split/2", "splits/1", "splits/2", "sub/3",
	"gsub/2", "gsub/3"}

// maxSearched is the greatest length of a text in which all matches are found, in bytes.
const maxSearched = 16 << 10

// definitions are in front of every program. They replace the operator *, which repeats a text.
var definitions = func() []*gojq.FuncDef {
	query, err := gojq.Parse("def _times(l; r): r as $r | l as $l | $l | _repeats($r) | . * $r; .")
	if err != nil {
		panic(err) // the text is a constant
	}
	return query.FuncDefs
}()

// maxText is the greatest length of a text that * makes, in bytes.
const maxText = 4 << 20

// searched returns the function _searched, which returns its input, or an error for a text that is too
// long to find all matches in.
func searched() gojq.CompilerOption {
	return gojq.WithFunction("_searched", 0, 0, func(v any, _ []any) any {
		if text, ok := v.(string); ok && len(text) > maxSearched {
			return fmt.Errorf("a text of %d bytes, more than %d, in which all matches of a pattern are to be found",
				len(text), maxSearched)
		}
		return v
	})
}

// repeats returns the function _repeats, which returns its input, or an error if its product with the
// argument is a text that is too long.
func repeats() gojq.CompilerOption {
	return gojq.WithFunction("_repeats", 1, 1, func(v any, args []any) any {
		text, isText := v.(string)
		times, isNumber := gojq.ToFloat64(args[0])
		if !isText {
			text, isText = args[0].(string)
			times, isNumber = gojq.ToFloat64(v)
		}
		if isText && isNumber && float64(len(text))*times > maxText {
			return fmt.Errorf("a text of %d bytes, repeated %g times, would have more than %d",
				len(text), times, maxText)
		}
		return v
	})
}

// guard bounds the operator * and the functions in findAll, and puts definitions in front of the
// program. The error lists everything that programs may not do.
func guard(query *gojq.Query) error {
	var g guarder
	g.walk(reflect.ValueOf(query))
	query.FuncDefs = append(slices.Clone(definitions), query.FuncDefs...)
	if len(g.problems) > 0 {
		return errors.New(strings.Join(g.problems, "; "))
	}
	return nil
}

// guarder visits the nodes of a syntax tree.
type guarder struct{ problems []string }

func (g *guarder) refuse(name, reason string) {
	problem := name + " cannot be used in a program: " + reason
	if !slices.Contains(g.problems, problem) {
		g.problems = append(g.problems, problem)
	}
}

// walk visits the nodes below v and then v.
func (g *guarder) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			g.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			g.walk(v.Field(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			g.walk(v.Elem())
			g.visit(v.Interface())
		}
	}
}

func (g *guarder) visit(node any) {
	switch n := node.(type) {
	case *gojq.Import:
		g.refuse("a module", outside)
	case *gojq.Func:
		g.call(n)
	case *gojq.Term: // f becomes (_searched | f)
		if f := n.Func; n.Type == gojq.TermTypeFunc && slices.Contains(findAll, f.Name+"/"+strconv.Itoa(len(f.Args))) {
			all := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: f}}
			n.Type, n.Func = gojq.TermTypeQuery, nil
			n.Query = &gojq.Query{Left: call("_searched"), Op: gojq.OpPipe, Right: all}
		}
	case *gojq.Query:
		switch n.Op {
		case gojq.OpMul: // l * r becomes _times(l; r)
			n.Term, n.Left, n.Right, n.Op = times(n.Left, n.Right).Term, nil, nil, 0
		case gojq.OpUpdateMul: // l *= r becomes r as $x | l |= _times(.; $x)
			const operand = "$ operand" // no program can have this name
			here := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}
			product := times(here, call(operand))
			update := &gojq.Query{Left: n.Left, Op: gojq.OpModify, Right: product}
			n.Left, n.Op, n.Right, n.Patterns = n.Right, gojq.OpPipe, update, []*gojq.Pattern{{Name: operand}}
		}
	}
}

// call refuses a call of a function that programs may not call.
func (g *guarder) call(f *gojq.Func) {
	reason, isRefused := refused[f.Name]
	switch {
	case isRefused:
		g.refuse(f.Name, reason)
	case strings.HasPrefix(f.Name, "_"):
		g.refuse(f.Name, "the name is the interpreter's")
	case slices.Contains(patterned, f.Name) && len(f.Args) > 0 && !isLiteral(f.Args[0]),
		f.Name == "split" && len(f.Args) == 2 && !isLiteral(f.Args[0]):
		g.refuse(f.Name+" with a computed pattern", "it must be a text in the program")
	case f.Name == "strptime" && len(f.Args) == 1 && !hasNoZone(f.Args[0]):
		g.refuse("strptime with a computed format, %Z or %+", "the name of a zone depends on the machine")
	}
}

// isLiteral reports whether a query is a text without interpolation.
func isLiteral(q *gojq.Query) bool {
	t := q.Term
	return t != nil && t.Type == gojq.TermTypeString && t.Str.Queries == nil && len(t.SuffixList) == 0
}

// hasNoZone reports whether a query is the text of a format without the name of a zone.
func hasNoZone(q *gojq.Query) bool {
	return isLiteral(q) && !strings.Contains(q.Term.Str.Str, "%Z") && !strings.Contains(q.Term.Str.Str, "%+")
}

func times(left, right *gojq.Query) *gojq.Query { return call("_times", left, right) }

func call(name string, args ...*gojq.Query) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}}
}

// position returns the line and the column, in bytes, of an offset in a text, both from 1.
func position(text string, offset int) string {
	before := text[:offset]
	return "line " + strconv.Itoa(strings.Count(before, "\n")+1) +
		", column " + strconv.Itoa(len(before)-strings.LastIndexByte(before, '\n'))
}
