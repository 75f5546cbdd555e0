// Package jq runs programs in the jq language within bounds.
//
// A program is a function of its input: Compile refuses what reads the clock, the zone of the
// machine, its environment or further input. So the same message always has the same outputs.
//
// A run is bounded; each bound is far beyond what a program for messages needs. Beyond any of them
// the run fails.
//
//   - Steps: a million instructions, and twenty more for each byte of the message. The number does
//     not depend on the machine or its load.
//   - Outputs: 10,000.
//   - Memory: the heap of the process may grow by 256 MiB. It is measured only in runs that take
//     longer than 5 ms. Other work of the process grows the heap too, so a run that fails by this
//     bound is repeated once. The operator * repeats a text only up to 4 MiB.
//   - Time: 10 s, of which a pause of the process counts one. All matches of a pattern are found only
//     in texts of up to 16 KiB, because that is quadratic.
//
// A single instruction is not bounded. One that works on a value that the program has made large, or
// has put into itself many times, may take more: a program is written by the operator and trusted
// not to do that.
package jq

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// MaxProgram is the greatest length of a program, in bytes. A program may hold a table of products.
const MaxProgram = 1 << 20

// maxOutputs is the greatest number of outputs of a run.
const maxOutputs = 10_000

// Program is a compiled program. It is not safe for concurrent use.
type Program struct {
	code  *gojq.Code
	meter meter
}

// Compile compiles a program. The error names the line and column of a syntax error, or lists every
// function that programs may not use, each with the reason.
func Compile(source string) (*Program, error) {
	switch {
	case len(source) > MaxProgram:
		return nil, fmt.Errorf("the program has %d bytes, more than %d", len(source), MaxProgram)
	case !utf8.ValidString(source):
		return nil, errors.New("the program is not UTF-8")
	}
	query, err := gojq.Parse(source)
	if err != nil {
		return nil, located(source, err)
	}
	if err := guard(query); err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query, searched(), repeats())
	if err != nil {
		return nil, fmt.Errorf("the program does not compile: %w", err)
	}
	return &Program{code: code}, nil
}

// located adds the line and column to a syntax error. Columns count bytes, from 1.
func located(source string, err error) error {
	var syntax *gojq.ParseError
	if !errors.As(err, &syntax) {
		return err
	}
	return fmt.Errorf("%s: %w", position(source, max(0, syntax.Offset-len(syntax.Token))), err)
}

// Run runs the program and returns its outputs. Input and outputs are nil, bool, string, []any,
// map[string]any or a number: int, float64, *big.Int or json.Number. Numbers that the program passes
// on are not changed. size is the length of the message that the input was read from, in bytes.
//
// The outputs may share memory with the input. After an error there are none.
func (p *Program) Run(input any, size int) ([]any, error) {
	outputs, err := p.run(input, size)
	if errors.Is(err, errMemory) {
		runtime.GC()
		outputs, err = p.run(input, size)
	}
	return outputs, err
}

func (p *Program) run(input any, size int) (outputs []any, err error) {
	defer func() {
		if r := recover(); r != nil { // a fault of the interpreter costs a message, not the process
			outputs, err = nil, fmt.Errorf("the interpreter failed: %v", r)
		}
	}()
	p.meter.start(size)
	results := p.code.RunWithContext(&p.meter, input)
	for {
		v, ok := results.Next()
		if !ok {
			return outputs, nil
		}
		if err, ok := v.(error); ok {
			return nil, runError(err)
		}
		if len(outputs) == maxOutputs {
			return nil, fmt.Errorf("more than %d outputs", maxOutputs)
		}
		outputs = append(outputs, v)
	}
}

// runError returns the error of a run in place of err. The value that a program passed to error may
// be of any size.
func runError(err error) error {
	var thrown gojq.ValueError
	if !errors.As(err, &thrown) {
		return err
	}
	if text, ok := thrown.Value().(string); ok {
		return errors.New(text)
	}
	return errors.New("error: " + gojq.Preview(thrown.Value()))
}

// AppendNumber appends a number of an output as a JSON number, or null if it is not a number (NaN).
func AppendNumber(b []byte, v any) []byte {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case json.Number:
		return append(b, v...)
	}
	text, err := gojq.Marshal(v)
	if err != nil { // gojq has no such error
		return append(b, "null"...)
	}
	return append(b, text...)
}
