package sources

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"   // gs://
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local" // everything else
)

// Match returns the files that a comma-separated list of globs names, each once, in the order of their names within each glob.
// A glob without a match is an error.
func Match(ctx context.Context, globs string) ([]string, error) {
	var files []string
	for glob := range strings.SplitSeq(globs, ",") {
		glob = strings.TrimSpace(glob)
		if glob == "" {
			return nil, fmt.Errorf("%q has an empty glob", globs)
		}
		found, err := list(ctx, glob)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no file matches %s", glob)
		}
		for _, f := range found {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files, nil
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
