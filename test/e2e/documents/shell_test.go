package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// A session is a fenced block of the language console in a document. A line that begins with "$ " is a
// command; it continues in the next line after a backslash, and after <<EOF or <<'EOF' up to the line
// EOF. The lines up to the next command are its output.

// shellStep is a command of a session.
type shellStep struct {
	Command string // as it is written, over several lines perhaps
	Output  string // what the document says that it prints; with the end of its last line
	Line    int    // of the document, from 1
}

var (
	fence   = regexp.MustCompile("^```(\\w*) ?(.*)$")
	hereDoc = regexp.MustCompile(`<<'?EOF'?`)
)

// parseSessions returns the steps of all sessions of a document whose info string, behind the language, is as given. The error says where a
// session is not of the form.
func parseSessions(text, info string) ([]shellStep, error) {
	var steps []shellStep
	inside, wanted := false, false
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := fence.FindStringSubmatch(line); m != nil {
			inside = !inside
			wanted = inside && m[1] == "console" && m[2] == info
			continue
		}
		switch {
		case !wanted:
		case strings.HasPrefix(line, "$ "):
			step := shellStep{Command: strings.TrimPrefix(line, "$ "), Line: i + 1}
			for strings.HasSuffix(lines[i], "\\") && i+1 < len(lines) {
				i++
				step.Command += "\n" + lines[i]
			}
			if hereDoc.MatchString(lines[i]) {
				for lines[i] != "EOF" {
					if i++; i == len(lines) {
						return nil, fmt.Errorf("line %d: the here document has no end", step.Line)
					}
					step.Command += "\n" + lines[i]
				}
			}
			steps = append(steps, step)
		case len(steps) == 0:
			return nil, fmt.Errorf("line %d: output before any command", i+1)
		default:
			steps[len(steps)-1].Output += line + "\n"
		}
	}
	if inside {
		return nil, errors.New("the last block has no end")
	}
	return steps, nil
}

// mark ends the output of a step. It is in no document.
const mark = "\x01end of step %d\x01"

// runSession runs the commands in one bash in a folder, one after the other, with env as its environment, and returns what each of them
// printed. Commands that run in the background must not print. Everything that they start is of one process group, which is killed
// when the context ends. The error says how bash ended, and what it wrote to its standard error.
func runSession(ctx context.Context, dir string, env []string, commands []string) ([]string, error) {
	var script strings.Builder
	for i, command := range commands {
		fmt.Fprintf(&script, "%s\nprintf '%%s\\n' $'"+mark+"'\n", command, i)
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a cancel kills the whole group
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("bash: %w; it says\n%s", err, said.String())
	}
	var outputs []string
	rest := out.String()
	for i := range commands {
		output, after, found := strings.Cut(rest, fmt.Sprintf(mark+"\n", i))
		if !found {
			return outputs, errors.Join(err, fmt.Errorf("command %d did not end: %s\nit printed\n%s%s", i, commands[i], output, said.String()))
		}
		outputs, rest = append(outputs, output), after
	}
	return outputs, err
}

// moments are times in epoch ms and µs, RFC 3339 times, and durations.
var moments = regexp.MustCompile(`\b\d{13}(?:\d{3})?\b|\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|\b\d+(?:\.\d+)?(?:ms|s)\b`)

// maskMoments puts a sign in place of what differs from run to run: moments and durations.
func maskMoments(text string) string { return moments.ReplaceAllString(text, "N") }
