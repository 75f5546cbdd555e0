package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"   // gs://
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local" // everything else
)

// maxFiles bounds the files that are read once: their names are part of the job.
const maxFiles = 100_000

// Match returns the files that a comma-separated list of globs names, each once, in the order of their names within each glob.
// A glob without a match is an error, as are more than 100,000 files.
func Match(ctx context.Context, globs string) (files []string, err error) {
	seen := map[string]bool{}
	err = eachGlob(globs, func(glob string) error {
		found, err := list(ctx, glob)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("no file matches %s", glob)
		}
		for _, f := range found {
			if !seen[f] {
				seen[f] = true
				files = append(files, f)
			}
		}
		return nil
	})
	return files, errors.Join(err, checkFiles(files))
}

func checkFiles(files []string) error {
	if len(files) > maxFiles {
		return fmt.Errorf("%d files match, more than %d", len(files), maxFiles)
	}
	return nil
}

// CheckGlobs says what is wrong with a comma-separated list of globs that need not match anything yet.
func CheckGlobs(ctx context.Context, globs string) error {
	return eachGlob(globs, func(glob string) error {
		_, err := list(ctx, glob)
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

func list(ctx context.Context, glob string) ([]string, error) {
	fs, err := filesystem.New(ctx, glob)
	if err != nil {
		return nil, fmt.Errorf("open the file system of %s: %w", glob, err)
	}
	defer fs.Close()
	found, err := fs.List(ctx, glob)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", glob, err)
	}
	slices.Sort(found)
	return found, nil
}
