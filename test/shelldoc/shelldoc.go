// Package shelldoc takes sessions with a shell out of Markdown and repeats them, so that tests hold documents against the programs.
//
// A session is a fenced block of the language console. A line that begins with "$ " is a command; it goes on in the next line behind a
// backslash, and behind <<EOF or <<'EOF' up to the line EOF. What follows up to the next command is what it prints.
package shelldoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// Step is a command of a session.
type Step struct {
	Command string // as it is written, over several lines perhaps
	Output  string // what the document says that it prints; with the end of its last line
	Line    int    // of the document, from 1
}

var (
	fence   = regexp.MustCompile("^```(\\w*) ?(.*)$")
	hereDoc = regexp.MustCompile(`<<'?EOF'?`)
)

// Parse returns the steps of all sessions of a document whose info string, behind the language, is as given. The error says where a
// session is not of the form.
func Parse(text, info string) ([]Step, error) {
	var steps []Step
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
			step := Step{Command: strings.TrimPrefix(line, "$ "), Line: i + 1}
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

// Run runs the commands in one bash in a folder, one after the other, with env as its environment, and returns what each of them
// printed. Commands that run in the background must not print. Everything that they start is of one process group, which is killed
// when the context ends. The error says how bash ended, and what it wrote to its standard error.
func Run(ctx context.Context, dir string, env []string, commands []string) ([]string, error) {
	var script strings.Builder
	for i, command := range commands {
		fmt.Fprintf(&script, "%s\nprintf '%%s\\n' $'"+mark+"'\n", command, i)
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &said
	ownGroup(cmd)
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

// Normalise puts a sign in place of what differs from run to run: moments and durations.
func Normalise(text string) string { return moments.ReplaceAllString(text, "N") }
