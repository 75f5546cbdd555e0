// Package deadletters reads the dead letters that the pipeline has kept in local files.
package deadletters

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// Record is a dead letter as it is kept, with its place.
type Record struct {
	Raw         []byte            `json:"raw"`  // the payload, complete
	Text        *string           `json:"text"` // the same when it is valid UTF-8
	Attributes  map[string]string `json:"attributes"`
	Reason      event.Reason      `json:"reason"`
	Detail      string            `json:"detail"`
	Stage       event.Stage       `json:"stage"`
	Source      string            `json:"source"`     // the name of an event.Channel
	MessageID   *string           `json:"message_id"` // nil for a line of a file
	Item        *int              `json:"item"`       // nil when the letter is about the whole message
	PublishedAt *time.Time        `json:"published_at"`
	FailedAt    time.Time         `json:"failed_at"`

	File string `json:"-"` // path of the file that holds the letter
	Line int    `json:"-"` // from 1
}

// Read yields the dead letters in the archive's folder dir, or in the current directory when dir is
// empty, from the oldest file to the newest. A line that cannot be read is yielded as an error with
// File and Line set, and reading continues behind it; an error without File ends the reading. A
// last line without its end is omitted: it is being written, or was when the machine crashed, and
// its message has not been acknowledged. It is no error if there are no dead letters, but dir must
// exist.
func Read(dir string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if dir == "" {
			dir = "."
		}
		if _, err := os.Stat(dir); err != nil {
			yield(Record{}, fmt.Errorf("read dead letters: %w", err))
			return
		}
		folder := filepath.Join(dir, string(rows.DeadLetters))
		entries, err := os.ReadDir(folder) // sorted by name, which is by time
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Record{}, fmt.Errorf("read dead letters: %w", err))
			return
		}
		for _, e := range entries {
			if e.IsDir() || filepath.Ext(e.Name()) != ".jsonl" {
				continue
			}
			if !readFile(filepath.Join(folder, e.Name()), yield) {
				return
			}
		}
	}
}

// readFile yields the letters of one file and reports whether reading continues.
func readFile(file string, yield func(Record, error) bool) bool {
	f, err := os.Open(file)
	if err != nil {
		return yield(Record{File: file}, fmt.Errorf("read dead letters: %w", err))
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n') // a letter may be longer than any limit of a Scanner
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(Record{File: file, Line: n}, fmt.Errorf("read dead letters: %w", err))
		}
		var rec Record
		err = json.Unmarshal(line, &rec)
		if err != nil {
			rec, err = Record{}, fmt.Errorf("read dead letter %s:%d: %w", file, n, err)
		}
		rec.File, rec.Line = file, n
		if !yield(rec, err) {
			return false
		}
	}
}
