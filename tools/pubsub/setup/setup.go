package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrNotAsDeclared is the error of a run in which something could not be created, changed or
// deleted. The output has a line with the reason for each.
var ErrNotAsDeclared = errors.New("not everything is as it should be")

// Run creates or deletes what the options declare, and prints a line for each topic and
// subscription to out. After a failure it continues with the next one, and returns
// ErrNotAsDeclared. It prints to progress what it waits for. With --dry_run it changes nothing.
func Run(ctx context.Context, o Options, out, progress io.Writer) (err error) {
	c, err := connect(ctx, o.emulator)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	wanted, all := o.declare()
	if err := c.awaitServer(ctx, o, wanted.topics[0].GetName(), progress); err != nil {
		return err
	}
	s := &setup{options: o, out: out, gone: map[string]bool{}}
	if o.remove {
		list := c.things(all)
		slices.Reverse(list) // the subscriptions of a topic are deleted before it
		for _, t := range list {
			s.delete(ctx, t)
		}
	} else {
		for _, t := range c.things(wanted) {
			s.apply(ctx, t)
		}
		if o.emulator == "" {
			fmt.Fprint(out, grants(o.project, wanted))
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.failed {
		return ErrNotAsDeclared
	}
	return nil
}

// setup is one run.
type setup struct {
	options Options
	out     io.Writer
	failed  bool
	gone    map[string]bool // names of what this run has deleted, or would delete
}

func (s *setup) report(t thing, format string, args ...any) {
	fmt.Fprintf(s.out, "%-13s %-22s %s\n", t.kind, shortName(t.name), fmt.Sprintf(format, args...))
}

// fail reports what could not be done.
func (s *setup) fail(t thing, format string, args ...any) {
	s.failed = true
	s.report(t, "FAILED: "+format, args...)
}

// would returns the word for an action that a dry run does not perform.
func (s *setup) would(do, did string) string {
	if s.options.dryRun {
		return "would " + do
	}
	return did
}

// apply makes a thing as it is declared.
func (s *setup) apply(ctx context.Context, t thing) {
	type looked struct {
		labels      map[string]string
		differences []difference
	}
	look := func(ctx context.Context) (l looked, err error) {
		l.labels, l.differences, err = t.look(ctx)
		return l, err
	}
	have, err := call(ctx, look)
	if status.Code(err) == codes.NotFound {
		if s.create(ctx, t) {
			return
		}
		have, err = call(ctx, look) // another process has created it meanwhile
	}
	switch {
	case err != nil:
		s.fail(t, "%v", err)
	case len(have.differences) == 0:
		s.report(t, "unchanged")
	case labelled(have.labels) || s.options.adopt:
		s.update(ctx, t, have.differences)
	default:
		s.leave(t, have.differences)
	}
}

// create creates a thing. It returns false if the thing exists already.
func (s *setup) create(ctx context.Context, t thing) bool {
	if s.options.dryRun {
		s.report(t, "would create")
		return true
	}
	left, err := call(ctx, t.create)
	switch {
	case status.Code(err) == codes.AlreadyExists:
		return false
	case err != nil:
		s.fail(t, "%v", err)
	case len(left) > 0 && s.options.emulator == "":
		s.fail(t, "created, but %s", texts(left))
	case len(left) > 0:
		s.report(t, "created; the emulator does not keep %s", texts(left))
	default:
		s.report(t, "created")
	}
	return true
}

// leave reports on a thing that this command did not create and therefore does not change. A
// missing label is no fault there.
func (s *setup) leave(t thing, differences []difference) {
	differences = slices.DeleteFunc(differences, func(d difference) bool { return d.path == "labels" })
	if len(differences) == 0 {
		s.report(t, "unchanged, and made by somebody else: --delete will leave it")
		return
	}
	s.fail(t, "made by somebody else, so it stays as it is (--adopt takes it over): %s", texts(differences))
}

// update changes what can be changed.
func (s *setup) update(ctx context.Context, t thing, differences []difference) {
	var paths []string
	var fixed, changeable []difference
	for _, d := range differences {
		if d.path == "" {
			fixed = append(fixed, d)
		} else {
			changeable = append(changeable, d)
			paths = append(paths, d.path)
		}
	}
	var refused []string
	if len(paths) > 0 && !s.options.dryRun {
		changeable, refused = s.change(ctx, t, changeable)
	}
	if len(changeable) > 0 {
		s.report(t, "%s %s", s.would("update", "updated"), texts(changeable))
	}
	if len(fixed) > 0 {
		s.fail(t, "no update changes this, only to delete it, with what is in it, and to make it anew: %s",
			texts(fixed))
	}
	switch {
	case len(refused) == 0:
	case s.options.emulator != "":
		s.report(t, "the emulator does not keep %s", strings.Join(refused, "; "))
	default:
		s.fail(t, "not changed: %s", strings.Join(refused, "; "))
	}
}

// change updates a thing: all settings at once, or one after the other if the server refuses that,
// so that a setting which the server does not support prevents no other. It returns what was
// changed and what was not.
func (s *setup) change(ctx context.Context, t thing, wanted []difference) (changed []difference, refused []string) {
	paths := make([]string, len(wanted))
	for i, d := range wanted {
		paths[i] = d.path
	}
	update := func(paths ...string) ([]difference, error) {
		return call(ctx, func(ctx context.Context) ([]difference, error) { return t.update(ctx, paths) })
	}
	left, err := update(paths...)
	why := map[string]error{}
	if err != nil {
		for _, path := range paths {
			if now, err := update(path); err != nil {
				why[path] = err
			} else {
				left = now
			}
		}
	}
	for _, d := range wanted {
		still := slices.ContainsFunc(left, func(l difference) bool { return l.path == d.path })
		switch {
		case why[d.path] != nil:
			refused = append(refused, fmt.Sprintf("%s (%v)", d.text, why[d.path]))
		case still:
			refused = append(refused, d.text)
		default:
			changed = append(changed, d)
		}
	}
	return changed, refused
}

// delete deletes a thing that a run of this command has created.
func (s *setup) delete(ctx context.Context, t thing) {
	labels, err := call(ctx, func(ctx context.Context) (map[string]string, error) {
		labels, _, err := t.look(ctx)
		return labels, err
	})
	switch {
	case status.Code(err) == codes.NotFound:
		s.report(t, "absent")
		return
	case err != nil:
		s.fail(t, "%v", err)
		return
	case !labelled(labels):
		s.report(t, "kept: made by somebody else")
		return
	}
	attached, err := call(ctx, t.attached)
	if err != nil {
		s.fail(t, "%v", err)
		return
	}
	attached = slices.DeleteFunc(attached, func(name string) bool { return s.gone[name] })
	if len(attached) > 0 {
		s.fail(t, "kept, because it has subscriptions that are not ours: %s", strings.Join(attached, ", "))
		return
	}
	if !s.options.dryRun {
		_, err := call(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, t.remove(ctx) })
		if err != nil && status.Code(err) != codes.NotFound {
			s.fail(t, "%v", err)
			return
		}
	}
	s.gone[t.name] = true
	s.report(t, "%s", s.would("delete", "deleted"))
}
