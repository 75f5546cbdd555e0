package documents

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const document = "Text\n\n```console\n$ echo one\none\n```\n\n```sh\n$ not this\n```\n```console docker\n$ nor this\n```\n" +
	"```console\n$ x=2 &&\\\n  echo $x\n2\n$ cat <<'EOF'\na\n\n$b\nEOF\na\n\n$b\n$ true\n```\n"

func TestParseSessions(t *testing.T) {
	steps, err := parseSessions(document, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []shellStep{{"echo one", "one\n", 4}, {"x=2 &&\\\n  echo $x", "2\n", 15}, {"cat <<'EOF'\na\n\n$b\nEOF", "a\n\n$b\n", 18}, {"true", "", 26}}
	if !slices.Equal(steps, want) {
		t.Errorf("got %+v,\nwant %+v", steps, want)
	}
	for _, bad := range []string{"```console\nx\n```", "```console\n$ cat <<EOF\n```", "```console\n$ x"} {
		if steps, err := parseSessions(bad, ""); err == nil {
			t.Errorf("%q gives %+v", bad, steps)
		}
	}
}

// TestRunPrintsWhatTheDocumentSays is the whole of it: each command of the document prints what stands below it.
func TestRunPrintsWhatTheDocumentSays(t *testing.T) {
	steps, err := parseSessions(document, "")
	if err != nil {
		t.Fatal(err)
	}
	var commands, want []string
	for _, s := range steps {
		commands, want = append(commands, s.Command), append(want, s.Output)
	}
	if got, err := runSession(t.Context(), t.TempDir(), os.Environ(), commands); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestRunSaysWhatFailed(t *testing.T) {
	got, err := runSession(t.Context(), t.TempDir(), os.Environ(), []string{"echo one", "echo why >&2; exit 3", "echo never"})
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "why") || !slices.Equal(got, []string{"one\n"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRunEndsWithItsContext also ends what runs in the background.
func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := runSession(ctx, t.TempDir(), os.Environ(), []string{"sleep 100 &", "sleep 100"}); err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestMaskMoments(t *testing.T) {
	got := maskMoments(`"as_of":1795780800061,"v":1795780800061123 at 2026-11-27T10:00:00.5Z in 12.3s, 40ms; 1795 keys`)
	if want := `"as_of":N,"v":N at N in N, N; 1795 keys`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
