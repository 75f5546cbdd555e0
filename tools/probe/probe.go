// Package probe asks whether a program is well, for the health checks of containers that have neither a shell nor curl.
package probe

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// patience is how long an answer may take; Docker's own timeout is longer.
const patience = 3 * time.Second

// Run asks what the arguments say. The error says why a program is not well; it is flag.ErrHelp after help that was asked for.
func Run(ctx context.Context, args []string, output io.Writer, now time.Time) error {
	fs := flag.NewFlagSet("probe", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fresh := fs.Duration("fresh", 0, "the argument is a file, and was written at most this long ago")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(output, "probe URL: exit code 0 if it answers with a status of 2xx\nprobe --fresh=30s FILE: exit code 0 if the file was written not longer ago")
		}
		return err
	}
	switch {
	case fs.NArg() != 1:
		return fmt.Errorf("give one URL, or --fresh and one file, not %q", fs.Args())
	case *fresh < 0:
		return fmt.Errorf("--fresh: %v is negative", *fresh)
	case *fresh > 0:
		return checkFile(fs.Arg(0), *fresh, now)
	}
	return checkURL(ctx, fs.Arg(0))
}

func checkFile(path string, fresh time.Duration, now time.Time) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the file: %w", err)
	}
	if age := now.Sub(info.ModTime()); age > fresh {
		return fmt.Errorf("%s was written %v ago, and not within %v", path, age.Round(time.Second), fresh)
	}
	return nil
}

func checkURL(ctx context.Context, where string) error {
	if u, err := url.Parse(where); err != nil || u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("%q is no http:// URL", where)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", where, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", where, err)
	}
	defer answer.Body.Close()
	why, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("ask %s: %w", where, err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("%s says %s: %s", where, answer.Status, strings.TrimSpace(string(why)))
	}
	return nil
}
