package pipeline

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

// failure is an error of the runner on one line: what the DoFn that failed returned. The runner sends it as a text, in which it stands
// last, behind the plan of the bundle, once for each layer that it passed. Other errors keep their text.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return &summarised{cause(err.Error()), err}
}

// summarised is an error whose text is a part of that of the error it wraps.
type summarised struct {
	text string
	err  error
}

func (e *summarised) Error() string { return e.text }
func (e *summarised) Unwrap() error { return e.err }

var (
	// dofnFailed stands in front of what a DoFn returned.
	dofnFailed = regexp.MustCompile(`DoFn\[UID:[^\]]*\] failed:\n`)
	// panicked is the first line of a panic in a DoFn; its stack follows.
	panicked = regexp.MustCompile(`panic: [^\n]*`)
	// planDump begins the plan of a bundle.
	planDump = "while executing "
)

// cause is the part of a text of the runner's that a person needs, on one line. A text of one line is returned as it is.
func cause(text string) string {
	if !strings.Contains(text, "\n") {
		return text
	}
	if at := dofnFailed.FindAllStringIndex(text, -1); at != nil {
		return oneLine(text[at[len(at)-1][1]:])
	}
	if p := panicked.FindString(text); p != "" {
		return oneLine(p) + " (a fault of this program; --log_level=DEBUG shows where)"
	}
	if head, _, ok := strings.Cut(text, planDump); ok {
		return oneLine(head) + " (--log_level=DEBUG shows all)"
	}
	return oneLine(text)
}

// oneLine joins the lines of a text by semicolons.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// hinted adds what to do to an error about missing credentials of Google's that has no hint yet.
func hinted(err error) error {
	if err == nil || !strings.Contains(err.Error(), "could not find default credentials") || strings.Contains(err.Error(), dial.NoCredentials) {
		return err
	}
	return fmt.Errorf("%w (%s)", err, dial.NoCredentials)
}
