package jq

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
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
	"transpose": unbounded, "fromstream": unbounded, "jn": unbounded, "yn": unbounded,
}

const (
	zoned     = "it depends on the zone of the machine"
	outside   = "it reads what is outside of the message"
	ends      = "error refuses a message, and empty leaves it out"
	unbounded = "its cost has no bound here"
)

// literals are the functions whose arguments must be literal texts, with the indexes of those
// arguments: patterns, flags and formats. The interpreter keeps every pattern that was used.
var literals = map[string][]int{
	"test/1": {0}, "test/2": {0, 1}, "match/1": {0}, "match/2": {0, 1}, "capture/1": {0}, "capture/2": {0, 1},
	"scan/1": {0}, "scan/2": {0, 1}, "split/2": {0, 1}, "splits/1": {0}, "splits/2": {0, 1},
	"sub/2": {0}, "sub/3": {0, 2}, "gsub/2": {0}, "gsub/3": {0, 2},
	"strftime/1": {0}, "strptime/1": {0},
}

// findsAll are those of the functions in literals that find all matches, whatever their flags.
var findsAll = []string{"scan/1", "scan/2", "split/2", "splits/1", "splits/2", "gsub/2", "gsub/3"}

func signature(name string, args int) string { return name + "/" + strconv.Itoa(args) }

// guard rewrites a program so that its operations are bounded. The error lists everything that
// programs may not do.
func guard(query *gojq.Query) error {
	guards, err := gojq.Parse(definitions)
	if err != nil {
		return fmt.Errorf("the guards: %w", err)
	}
	g := guarder{used: map[string]bool{}}
	for _, d := range guards.FuncDefs {
		g.used[signature(d.Name, len(d.Args))] = false
	}
	g.walk(reflect.ValueOf(query))
	used := slices.DeleteFunc(guards.FuncDefs, func(d *gojq.FuncDef) bool {
		return !g.used[signature(d.Name, len(d.Args))]
	})
	query.FuncDefs = append(used, query.FuncDefs...)
	if len(g.problems) > 0 {
		return errors.New(strings.Join(g.problems, "; "))
	}
	return nil
}

// guarder rewrites the nodes of a syntax tree.
type guarder struct {
	used     map[string]bool // the signatures of definitions, and whether the program uses them
	problems []string
}

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
	case *gojq.FuncDef:
		g.definition(n)
	case *gojq.Func:
		g.call(n)
	case *gojq.Term:
		if n.Type == gojq.TermTypeFormat && n.Str == nil {
			format := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFormat, Format: n.Format}}
			n.Type, n.Query = gojq.TermTypeQuery, pipe(call("_bounded"), format)
		}
	case *gojq.String:
		for _, part := range n.Queries {
			if part.Term.Type == gojq.TermTypeQuery {
				part.Term.Query = pipe(part.Term.Query, call("_bounded"))
			}
		}
	case *gojq.Index:
		g.index(n)
	case *gojq.Query:
		g.operator(n)
	}
}

// definition refuses a definition of a function that is replaced or refused where it is called.
func (g *guarder) definition(d *gojq.FuncDef) {
	names := []string{signature(d.Name, len(d.Args))}
	for _, arg := range d.Args {
		names = append(names, signature(strings.TrimPrefix(arg, "$"), 0))
	}
	for _, s := range names {
		name, _, _ := strings.Cut(s, "/")
		_, isRefused := refused[name]
		_, isLiteral := literals[s]
		_, isBounded := g.used["_bounded_"+s]
		if isRefused || isLiteral || isBounded || strings.HasPrefix(name, "_") {
			g.refuse("a definition of "+name, "the name is the interpreter's")
		}
	}
}

// call replaces a call of a function by one that is bounded.
func (g *guarder) call(f *gojq.Func) {
	s := signature(f.Name, len(f.Args))
	reason, isRefused := refused[f.Name]
	switch {
	case isRefused:
		g.refuse(f.Name, reason)
		return
	case strings.HasPrefix(f.Name, "_"):
		g.refuse(f.Name, "the name is the interpreter's")
		return
	}
	var texts []string
	for _, arg := range literals[s] {
		text, ok := literal(f.Args[arg])
		if !ok && !isNull(f.Args[arg]) {
			g.refuse(f.Name+" with a computed pattern, flag or format", "it must be a text in the program")
			return
		}
		texts = append(texts, text)
	}
	if len(texts) > 0 {
		g.checkTexts(f.Name, texts)
	}
	if slices.Contains(findsAll, s) || len(texts) > 1 && strings.Contains(texts[1], "g") {
		g.replace(f, "_all_")
	} else {
		g.replace(f, "_bounded_")
	}
}

// checkTexts checks the pattern or format of a function, which is its first literal text.
func (g *guarder) checkTexts(name string, texts []string) {
	what := name + " with " + strconv.Quote(texts[0])
	switch name {
	case "strftime":
	case "strptime":
		if strings.Contains(texts[0], "%Z") || strings.Contains(texts[0], "%+") {
			g.refuse(what, "what the name of a zone means depends on the machine")
		}
	default:
		if _, err := regexp.Compile(texts[0]); err != nil {
			g.refuse(what, err.Error())
		}
	}
}

// replace replaces the function that is called by its definition with a prefix, if there is one.
func (g *guarder) replace(f *gojq.Func, prefix string) {
	s := signature(prefix+f.Name, len(f.Args))
	if _, ok := g.used[s]; ok {
		f.Name = prefix + f.Name
		g.used[s] = true
	}
}

// index bounds the index of .[i], where it is not a slice.
func (g *guarder) index(x *gojq.Index) {
	if x.Start == nil || x.IsSlice {
		return
	}
	t := x.Start.Term
	if t != nil && len(t.SuffixList) == 0 {
		switch {
		case t.Type == gojq.TermTypeString:
			return
		case t.Type == gojq.TermTypeNumber:
			if n, err := strconv.ParseFloat(t.Number, 64); err != nil || n > maxIndex {
				g.refuse("the index "+t.Number, fmt.Sprintf("it is greater than %d", maxIndex))
			}
			return
		case t.Type == gojq.TermTypeUnary && isNumeral(&gojq.Query{Term: t.Unary.Term}):
			return
		}
	}
	x.Start = pipe(x.Start, call("_index"))
}

// operator bounds an operator. One operand of a comparison is bounded, because a comparison ends
// where the smaller value does.
func (g *guarder) operator(q *gojq.Query) {
	switch q.Op {
	case gojq.OpEq, gojq.OpNe, gojq.OpLt, gojq.OpLe, gojq.OpGt, gojq.OpGe:
		if !isScalar(q.Left) && !isScalar(q.Right) {
			q.Right = pipe(q.Right, call("_bounded"))
		}
	case gojq.OpMul:
		if !isNumeral(q.Left) || !isNumeral(q.Right) {
			g.infix(q, "_times")
		}
	case gojq.OpSub:
		if !isNumeral(q.Left) && !isNumeral(q.Right) {
			g.infix(q, "_minus")
		}
	case gojq.OpDiv:
		if !isNumeral(q.Right) {
			g.infix(q, "_over")
		}
	case gojq.OpModify: // which walks all of the value where it removes something
		update := *q
		update.FuncDefs = nil
		q.Term, q.Left, q.Right, q.Op = nil, call("_bounded"), &update, gojq.OpPipe
	case gojq.OpUpdateMul:
		g.update(q, "_times")
	case gojq.OpUpdateSub:
		g.update(q, "_minus")
	case gojq.OpUpdateDiv:
		g.update(q, "_over")
	}
}

// infix replaces l op r by name(l; r).
func (g *guarder) infix(q *gojq.Query, name string) {
	g.used[signature(name, 2)] = true
	q.Term, q.Left, q.Right, q.Op = call(name, q.Left, q.Right).Term, nil, nil, 0
}

// update replaces l op= r by r as $x | l |= name(.; $x), where no program can have that $x.
func (g *guarder) update(q *gojq.Query, name string) {
	g.used[signature(name, 2)] = true
	const operand = "$ operand"
	here := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}
	modify := &gojq.Query{Left: q.Left, Op: gojq.OpModify, Right: call(name, here, call(operand))}
	q.Left, q.Op, q.Right, q.Patterns = q.Right, gojq.OpPipe, modify, []*gojq.Pattern{{Name: operand}}
}

func call(name string, args ...*gojq.Query) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}}
}

func pipe(left, right *gojq.Query) *gojq.Query {
	return &gojq.Query{Left: left, Op: gojq.OpPipe, Right: right}
}

// literal returns the text of a query that is a literal text.
func literal(q *gojq.Query) (string, bool) {
	if t := q.Term; t != nil && t.Type == gojq.TermTypeString && t.Str.Queries == nil && len(t.SuffixList) == 0 {
		return t.Str.Str, true
	}
	return "", false
}

func isNull(q *gojq.Query) bool { return q.Term != nil && q.Term.Type == gojq.TermTypeNull }

func isNumeral(q *gojq.Query) bool {
	return q.Term != nil && q.Term.Type == gojq.TermTypeNumber && len(q.Term.SuffixList) == 0
}

// isScalar reports whether a query is a literal that is no array or object.
func isScalar(q *gojq.Query) bool {
	if _, ok := literal(q); ok || isNumeral(q) {
		return true
	}
	if q.Term == nil || len(q.Term.SuffixList) > 0 {
		return false
	}
	switch q.Term.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse:
		return true
	}
	return false
}
