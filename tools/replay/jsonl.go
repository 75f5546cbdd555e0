package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// expand returns the paths that globs match, in the order given. A glob without a match is an
// error.
func expand(globs []string) ([]string, error) {
	var paths []string
	for _, glob := range globs {
		matches, err := filepath.Glob(glob)
		if err != nil {
			return nil, fmt.Errorf("--input: %s: %w", glob, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("--input: no file matches %s", glob)
		}
		paths = append(paths, matches...)
	}
	return paths, nil
}

// jsonlRecords yields the unified events of files, one a line, plain or .gz. It skips empty lines.
// A line that the pipeline would refuse is an error, because it has no correct stock.
func jsonlRecords(paths []string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		p := parser{}
		for _, path := range paths {
			for line, err := range lines(path, &p.line) {
				var r record
				if err == nil {
					r, err = p.parse(path, line)
				}
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// parser reads unified events as the pipeline does.
type parser struct {
	decoder event.Decoder
	decoded event.Decoded
	line    int64
}

// forever is a clock by which no recorded event lies in the future: only the pipeline's clock
// decides that.
const forever = math.MaxInt64 / 2

func (p *parser) parse(path string, line []byte) (record, error) {
	m := event.Message{Channel: event.FILE, Format: event.FormatUnified, Data: line, File: path, Line: p.line}
	p.decoder.Decode(&m, forever, false, &p.decoded)
	if len(p.decoded.Refusals) > 0 {
		r := p.decoded.Refusals[0]
		return record{}, fmt.Errorf("an event that would be refused, %s: %s", r.Reason, r.Detail)
	}
	e := p.decoded.Events[0]
	return record{
		channel: channelOf(e.Type),
		data:    line,
		event: truth.Event{
			ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID,
			Quantity: e.Quantity, OccurredAt: e.OccurredAt,
		},
	}, nil
}

// lines yields the lines of a file that are not empty, each in memory of its own. It sets number to
// the number of the current line, empty lines included.
func lines(path string, number *int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		*number = 0
		f, err := os.Open(path)
		if err != nil {
			yield(nil, fmt.Errorf("opening recorded events: %w", err))
			return
		}
		defer f.Close()
		var from io.Reader = f
		if strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(f)
			if err != nil {
				yield(nil, fmt.Errorf("reading %s: %w", path, err))
				return
			}
			defer z.Close()
			from = z
		}
		reader := bufio.NewReaderSize(from, 1<<16)
		for {
			line, err := reader.ReadBytes('\n')
			*number++
			if err != nil && !errors.Is(err, io.EOF) {
				yield(nil, fmt.Errorf("reading %s: %w", path, err))
				return
			}
			trimmed := bytes.TrimRight(line, "\r\n")
			if len(trimmed) > 0 && !yield(trimmed, nil) || err != nil {
				return
			}
		}
	}
}
