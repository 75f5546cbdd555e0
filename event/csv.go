package event

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// csvReader turns one CSV record into a document. The text of the cells is valid until the next
// read.
type csvReader struct {
	input bytes.Reader
	csv   *csv.Reader // nil before the first record and after a malformed one
	cells []byte
	name  []byte
}

// read fills doc, which must be empty, from data, which must hold one record. A column whose name
// is not a field is ignored, and an empty cell is absent. After an error doc is undefined.
func (r *csvReader) read(data []byte, columns []string, doc *document) error {
	if !utf8.Valid(data) {
		return errors.New("invalid UTF-8")
	}
	record, err := r.record(data)
	if err != nil {
		r.csv = nil
		return err
	}
	if len(record) != len(columns) {
		return fmt.Errorf("the record has %d cells, the header has %d", len(record), len(columns))
	}
	r.cells = r.cells[:0]
	for _, c := range record {
		r.cells = append(r.cells, c...)
	}
	rest := r.cells
	for i, c := range record {
		r.name = append(r.name[:0], columns[i]...)
		raw := rest[:len(c):len(c)]
		rest = rest[len(c):]
		switch f := fieldNamed(r.name); f {
		case noField, fieldItems, fieldEcommerce: // a cell cannot hold a list
		default:
			if len(c) > 0 {
				doc.fields[f] = value{kind: cell, raw: raw}
			}
		}
	}
	return nil
}

// record parses data, which must hold exactly one record. The result is valid until the next call.
func (r *csvReader) record(data []byte) ([]string, error) {
	r.input.Reset(data)
	if r.csv == nil {
		r.csv = csv.NewReader(&r.input)
		r.csv.ReuseRecord = true
		r.csv.FieldsPerRecord = -1
	}
	start := r.csv.InputOffset()
	record, err := r.csv.Read()
	switch {
	case err == io.EOF:
		return nil, errors.New("the record is empty")
	case err != nil:
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			err = parse.Err // without line and column, which are positions in the input of this reader
		}
		return nil, err
	case r.csv.InputOffset()-start != int64(len(data)):
		return nil, errors.New("more than one record")
	}
	return record, nil
}

// The limits of a CSV header.
const (
	maxHeader  = 64 << 10 // bytes
	maxColumns = 1000
)

// ParseCSVHeader returns the column names in line, the first line of a CSV file without its line
// end. It removes a byte order mark and leaves the names unchanged otherwise.
//
// It returns an error if a name is empty or repeated, if there are more than 1,000 names or 64 KiB,
// or if a required column is missing. Required are store_id, product_id or sku, count, and
// timestamp or counted_at. A file of unified events requires type, store_id, product_id or sku,
// quantity and occurred_at.
//
// The records below an invalid header cannot be decoded: see Message.Unreadable.
func ParseCSVHeader(line []byte) ([]string, error) {
	names, err := csvHeader(line)
	if err != nil {
		return nil, fmt.Errorf("reading the CSV header: %w", err)
	}
	return names, nil
}

func csvHeader(line []byte) ([]string, error) {
	if len(line) > maxHeader {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(line), maxHeader)
	}
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if !utf8.Valid(line) {
		return nil, errors.New("invalid UTF-8")
	}
	names, err := csv.NewReader(bytes.NewReader(line)).Read()
	if errors.Is(err, io.EOF) {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	if len(names) > maxColumns {
		return nil, fmt.Errorf("it has %d columns, more than %d", len(names), maxColumns)
	}
	return names, checkColumns(names)
}

// checkColumns returns an error if a name is empty or repeated, or if a required column is missing.
func checkColumns(names []string) error {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			return fmt.Errorf("column %d has no name", i+1)
		}
		if seen[name] {
			return fmt.Errorf("column %q appears twice", clip(name))
		}
		seen[name] = true
	}
	required := [][]string{{"store_id"}, {"product_id", "sku"}, {"count"}, {"timestamp", "counted_at"}}
	if seen["type"] && seen["occurred_at"] {
		required = [][]string{{"store_id"}, {"product_id", "sku"}, {"quantity"}}
	}
	var missing []string
	for _, either := range required {
		if !slices.ContainsFunc(either, func(name string) bool { return seen[name] }) {
			missing = append(missing, strings.Join(either, " or "))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("it has no column %s", strings.Join(missing, ", and none "))
	}
	return nil
}
