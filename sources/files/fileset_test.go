package files

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestMatch(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a.csv", "c.jsonl", "deep/d.csv"} {
		writeFile(t, dir, name, "{}\n")
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, tt := range map[string]struct {
		globs string
		want  []string
	}{
		"one file":             {at("a.csv"), []string{at("a.csv")}},
		"glob, by name":        {at("*.csv"), []string{at("a.csv"), at("b.csv")}},
		"two globs":            {at("c.*") + "," + at("*.csv"), []string{at("a.csv"), at("b.csv"), at("c.jsonl")}},
		"spaces":               {" " + at("c.*") + " , " + at("a.*"), []string{at("a.csv"), at("c.jsonl")}},
		"no folders":           {at("[ad]*"), []string{at("a.csv")}},
		"each once":            {at("*.csv") + "," + at("a*"), []string{at("a.csv"), at("b.csv")}},
		"glob over folders":    {at("*/*.csv"), []string{at("deep/d.csv")}},
		"one letter, or other": {at("[bc].*"), []string{at("b.csv"), at("c.jsonl")}},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := Match(t.Context(), tt.globs, event.FormatWMS)
			var got []string
			for _, f := range files {
				got = append(got, f.Path)
				if f.Format != event.FormatWMS || f.Size != 3 {
					t.Errorf("%+v", f)
				}
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q matches %q, %v; want %q", tt.globs, got, err, tt.want)
			}
		})
	}
}

func TestMatchErrors(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a.csv", "")
	lost := filepath.Join(dir, "lost.jsonl")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), lost); err != nil {
		t.Fatal(err)
	}
	missing, other := filepath.Join(dir, "*.missing"), filepath.Join(dir, "other.csv")
	for name, tt := range map[string]struct {
		globs string
		want  []string // what the error names
	}{
		"no match":          {missing, []string{missing}},
		"all that is wrong": {missing + "," + filepath.Join(dir, "a.csv") + "," + other, []string{missing, other}},
		"empty":             {"", []string{"empty glob"}},
		"empty among":       {filepath.Join(dir, "a.csv") + ",,", []string{"empty glob"}},
		"bad glob":          {filepath.Join(dir, "[a"), []string{"[a"}},
		"a folder":          {dir, []string{dir, "folder", dir + "/*"}},
		"below a file":      {filepath.Join(dir, "a.csv", "*.csv"), []string{"a.csv: not a directory"}},
		"a link to nowhere": {filepath.Join(dir, "*.jsonl"), []string{lost}},
		"no such system":    {"ftp://host/file", []string{"ftp://host/file"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Match(t.Context(), tt.globs, event.FormatWMS)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %q", err, want)
				}
			}
		})
	}
	if err := CheckGlobs(t.Context(), missing); err != nil {
		t.Errorf("a glob that need not match: %v", err)
	}
	if err := CheckGlobs(t.Context(), missing+","+filepath.Join(dir, "[a")); err == nil {
		t.Error("a bad glob passed")
	}
}
