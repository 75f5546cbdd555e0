package sinks

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
)

// DeadLetterRecord is a dead letter as it is kept, with the place where it stands.
type DeadLetterRecord struct {
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

// ReadDeadLetters reads the dead letters below a warehouse's folder, or below the current directory when dir is empty, from
// the oldest file to the newest. A line that cannot be read is yielded as an error with File and Line set, and reading goes on
// after it; an error without File ends the reading. A last line without its end is left out: it is being written, or
// was when the machine crashed, and its message has not been acknowledged. No dead letters are no error, but dir must exist.
func ReadDeadLetters(dir string) iter.Seq2[DeadLetterRecord, error] {
	return func(yield func(DeadLetterRecord, error) bool) {
		if dir == "" {
			dir = "."
		}
		if _, err := os.Stat(dir); err != nil {
			yield(DeadLetterRecord{}, fmt.Errorf("read dead letters: %w", err))
			return
		}
		folder := filepath.Join(dir, string(TableDeadLetters))
		entries, err := os.ReadDir(folder) // sorted by name, which is by time
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(DeadLetterRecord{}, fmt.Errorf("read dead letters: %w", err))
			return
		}
		for _, e := range entries {
			if e.IsDir() || filepath.Ext(e.Name()) != ".jsonl" {
				continue
			}
			if !readDeadLetterFile(filepath.Join(folder, e.Name()), yield) {
				return
			}
		}
	}
}

// readDeadLetterFile yields the letters of one file and reports whether reading shall go on.
func readDeadLetterFile(file string, yield func(DeadLetterRecord, error) bool) bool {
	f, err := os.Open(file)
	if err != nil {
		return yield(DeadLetterRecord{File: file}, fmt.Errorf("read dead letters: %w", err))
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n') // a letter can be longer than any limit a Scanner would have
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(DeadLetterRecord{File: file, Line: n}, fmt.Errorf("read dead letters: %w", err))
		}
		var rec DeadLetterRecord
		err = json.Unmarshal(line, &rec)
		if err != nil {
			rec, err = DeadLetterRecord{}, fmt.Errorf("read dead letter %s:%d: %w", file, n, err)
		}
		rec.File, rec.Line = file, n
		if !yield(rec, err) {
			return false
		}
	}
}
