package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/sinks/redis"
)

const (
	// checkWithin bounds the time of all checks, which run at the same time.
	checkWithin = 10 * time.Second
	// explainWithin is how long a check may take to explain that its time is over.
	explainWithin = time.Second
)

// check looks at one thing that Run would use. It returns what it found, for a person.
type check struct {
	what string
	run  func(ctx context.Context) (detail string, err error)
}

// unknownError is the error of a check that could not find out whether something is well.
type unknownError struct{ reason string }

func (e unknownError) Error() string { return e.reason }

// Check connects to everything that Run would use, and writes a line about each thing to out, in a
// fixed order: ok, failed or unknown; the thing; what was found, or what is wrong and what to do. It
// pulls no message, takes no epoch and changes nothing, so a pipeline that runs with the same options
// is not disturbed. Check returns within 11 seconds.
//
// The error is not nil when something failed or ctx has ended. What is unknown is no error. The
// pipeline must still be closed.
func (p *Pipeline) Check(ctx context.Context, out io.Writer) error {
	bounded, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	overdue, cancelOverdue := context.WithTimeout(ctx, checkWithin+explainWithin)
	defer cancelOverdue()
	checks := p.checks()
	results := make([]chan result, len(checks))
	width := 0
	for i, c := range checks {
		width = max(width, len(c.what))
		results[i] = make(chan result, 1)
		go func() {
			detail, err := c.run(bounded)
			results[i] <- result{detail, err}
		}()
	}
	failures := 0
	for i, c := range checks {
		r := result{err: fmt.Errorf("no answer within %v", checkWithin)}
		select {
		case r = <-results[i]:
		case <-overdue.Done():
		}
		if ctx.Err() != nil {
			return fmt.Errorf("check: %w", context.Cause(ctx))
		}
		status, text := r.line()
		if status == failed {
			failures++
		}
		fmt.Fprintf(out, "%-7s  %-*s  %s\n", status, width, c.what, text)
	}
	if failures > 0 {
		return fmt.Errorf("%d of %d checks failed", failures, len(checks))
	}
	return nil
}

// result is what a check returned.
type result struct {
	detail string
	err    error
}

const failed = "failed"

// line returns the status of a result, and its detail or error on one line.
func (r result) line() (status, text string) {
	status, text = "ok", r.detail
	if r.err != nil {
		status, text = failed, r.err.Error()
	}
	if _, unknown := errors.AsType[unknownError](r.err); unknown || errors.Is(r.err, redis.ErrUnknown) {
		status = "unknown"
	}
	return status, strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
}

// checks returns the checks of what Run would use, in the order of the output.
func (p *Pipeline) checks() []check {
	checks := p.redisChecks()
	checks = append(checks, p.subscriptionChecks()...)
	checks = append(checks, p.fileChecks()...)
	checks = append(checks, p.tableChecks()...)
	if p.options.runnerKind() == prismRunner { // on Dataflow nothing of this machine is used
		checks = append(checks, p.localChecks()...)
	}
	return checks
}
