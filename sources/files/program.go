package files

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/beamlytics/streamlytics/event/jq"
)

// Program returns the text of a jq program, which compiles. The value is the program itself, or the
// name of a file that holds it: a value that names a regular file, begins with gs:// or ends in .jq
// is a name.
func Program(ctx context.Context, value string) (string, error) {
	if !namesProgram(value) {
		_, err := jq.Compile(value)
		if err != nil && !strings.ContainsAny(value, " \n|") {
			err = fmt.Errorf("%w (and there is no file of this name)", err)
		}
		return value, err
	}
	text, err := readProgram(ctx, value)
	if err != nil {
		return "", err
	}
	if _, err := jq.Compile(text); err != nil {
		return "", fmt.Errorf("%s: %w", value, err)
	}
	return text, nil
}

func namesProgram(value string) bool {
	if strings.HasPrefix(value, "gs://") || strings.HasSuffix(value, ".jq") {
		return true
	}
	info, err := os.Stat(value)
	return err == nil && info.Mode().IsRegular()
}

// readProgram returns the beginning of a file, as long as a program may be and one byte more.
func readProgram(ctx context.Context, path string) (string, error) {
	var s store
	defer s.Close() //nolint:errcheck // of what was only read
	r, _, err := s.open(ctx, entry{path: path})
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, jq.MaxProgram+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return string(text), nil
}
