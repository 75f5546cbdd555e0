package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/event"
)

// maxFiles bounds the number of files that are read once: their names are part of the job.
const maxFiles = 100_000

// File is one file of JSON lines or CSV, plain or gzip, local or in gs://.
type File struct {
	Path   string
	Format event.Format // FormatUnified: one unified event a line; FormatWMS: messages of the warehouse
	Size   int64        // bytes as stored, when it was found
}

// Match returns the files that match a comma-separated list of globs, each once, in the order of
// their paths over all globs. A glob without a match is an error, as are a file without access and
// more than 100,000 files.
func Match(ctx context.Context, globs string, format event.Format) (files []File, err error) {
	s := &store{}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = eachGlob(globs, func(glob string) error {
		found, err := s.list(ctx, glob)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return noMatch(glob)
		}
		var errs []error
		for _, e := range found {
			errs = append(errs, e.err)
			files = append(files, File{Path: e.path, Format: format, Size: e.size})
		}
		return errors.Join(errs...)
	})
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	files = slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path })
	return files, errors.Join(err, checkFiles(files))
}

func noMatch(glob string) error {
	if info, err := os.Stat(glob); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder; give its files, such as %s/*", glob, strings.TrimSuffix(glob, "/"))
	}
	return fmt.Errorf("no file matches %s", glob)
}

func checkFiles(files []File) error {
	if len(files) > maxFiles {
		return fmt.Errorf("%d files match, more than %d", len(files), maxFiles)
	}
	return nil
}

// CheckGlobs returns the errors of a comma-separated list of globs, which need not match anything
// yet.
func CheckGlobs(ctx context.Context, globs string) (err error) {
	s := &store{}
	defer func() { err = errors.Join(err, s.Close()) }()
	return eachGlob(globs, func(glob string) error {
		_, err := s.list(ctx, glob)
		return err
	})
}

func eachGlob(globs string, f func(glob string) error) error {
	var errs []error
	for glob := range strings.SplitSeq(globs, ",") {
		if glob = strings.TrimSpace(glob); glob == "" {
			return fmt.Errorf("%q has an empty glob", globs)
		}
		errs = append(errs, f(glob))
	}
	return errors.Join(errs...)
}
