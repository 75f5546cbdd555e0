package files

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// TestCheck counts files, and names one that cannot be read.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a.csv", "{}\n")
	writeFile(t, dir, "b.csv", "")
	writeFile(t, dir, "c.csv.gz", "{}\n")
	writeFile(t, dir, "sheet.xlsx", "PK\x03\x04")
	if err := os.Symlink("nowhere", filepath.Join(dir, "lost.csv")); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	size := int64(3 + len(gzipped(t, "{}\n")))
	for globs, want := range map[string]string{at("[abc].csv*"): "", at("*.xlsx") + "," + at("a.csv"): "a zip archive",
		at("lost*"): "lost.csv", at("[a"): "[a"} {
		n, bytes, err := Check(t.Context(), globs)
		if want == "" && (n != 3 || bytes != size || err != nil) {
			t.Errorf("%s: %d files, %d bytes, %v", globs, n, bytes, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", globs, err, want)
		}
	}
	if n, _, err := Check(t.Context(), at("none")); n != 0 || err != nil {
		t.Errorf("without a match: %d, %v", n, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := Check(ended, at("a.csv"))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "0 of 1") {
		t.Errorf("after the end of the context: %v", err)
	}
}

// TestLinesOfMessages reads a format that only messages have: its first line is no CSV header.
func TestLinesOfMessages(t *testing.T) {
	read := func(path, stdin string, format event.Format) (lines []string, err error) {
		for m, err := range Lines(t.Context(), File{Path: path, Format: format}, strings.NewReader(stdin)) {
			if err != nil {
				return lines, err
			}
			if m.Columns != nil {
				t.Errorf("line %d has columns", m.Line)
			}
			lines = append(lines, string(m.Data))
		}
		return lines, nil
	}
	lines, err := read("-", "not JSON\n\n{}", event.FormatPOS)
	if err != nil || strings.Join(lines, "|") != "not JSON|{}" {
		t.Errorf("%q, %v", lines, err)
	}
	if _, err := read(filepath.Join(t.TempDir(), "none"), "", event.FormatPOS); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := read(t.TempDir(), "", event.FormatPOS); err == nil {
		t.Error("a folder is read")
	}
}
