//go:build unix

package localfiles

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// fillerBytes is how much a file holds before its growth is stopped: more than any other file that
// this process may be writing, such as the log of go test, which must go on.
const fillerBytes = 8 << 20

// limitFileSize makes the kernel refuse what would grow any file of this process beyond size, as a
// full disk does, until lift is called. Tests that use it must not run in parallel with others.
func limitFileSize(t testing.TB, size int64) (lift func()) {
	t.Helper()
	if size < fillerBytes {
		t.Fatalf("a limit of %d bytes would disturb others", size)
	}
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limited := before
	limited.Cur = uint64(size)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	})
}

// diskFull is the fault of sinks that write files: fill makes the newest file of the table so large
// that it can be stopped from growing alone.
func diskFull(t *testing.T, dir string, table rows.Table, fill func() error) sinktest.Fault {
	var lift func()
	return sinktest.Fault{
		Name: "disk full",
		Down: func() {
			if err := fill(); err != nil {
				t.Fatal(err)
			}
			files := tableFiles(t, dir, table)
			info, err := os.Stat(files[len(files)-1])
			if err != nil {
				t.Fatal(err)
			}
			lift = limitFileSize(t, info.Size())
		},
		Up: func() { lift() },
	}
}

// A line that fits in part only is cut off while the write waits for room.
func TestLocalFilesFilesHoldCompleteLines(t *testing.T) {
	for _, fsync := range []bool{false, true} {
		t.Run(fmt.Sprint("fsync=", fsync), func(t *testing.T) {
			ctx := context.Background()
			dir := t.TempDir()
			w := openSink(t, dir, Options{Fsync: fsync})
			filler := strings.Repeat("x", fillerBytes)
			if err := appendLines(ctx, w, rows.Events, []byte(filler+"\n")); err != nil {
				t.Fatal(err)
			}
			lift := limitFileSize(t, int64(len(filler+"\nline 1\nlin")))
			defer lift()
			ended, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			done := make(chan error, 1)
			go func() { done <- appendLines(ended, w, rows.Events, []byte("line 1\nline 2\nline 3\n")) }()
			file := tableFiles(t, dir, rows.Events)[0]
			deadline := time.Now().Add(10 * time.Second)
			for {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := strings.CutPrefix(string(content), filler)
				if got == "\nline 1\n" {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("while the disk is full the file ends in %q", got)
				}
				time.Sleep(time.Millisecond)
			}
			cause := errors.New("the test has ended it")
			cancel(cause)
			if err := <-done; !errors.Is(err, cause) || !errors.Is(err, syscall.EFBIG) {
				t.Errorf("the write returned %v, want both causes", err)
			}
			lift()
			if err := appendLines(ctx, w, rows.Events, []byte("line 2\nline 3\n")); err != nil {
				t.Fatal(err)
			}
			if got := tableLines(t, dir, rows.Events); !slices.Equal(got,
				[]string{filler, "line 1", "line 2", "line 3"}) {
				t.Errorf("lines %q", got[1:])
			}
		})
	}
}

// crashDir makes this test binary a writer that is to be killed.
const crashDir = "STREAMLYTICS_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled prints the number of each line once it has been written.
func writeUntilKilled(dir string) error {
	w, err := Open(dir, Options{rotateBytes: 4 << 10})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := appendLines(context.Background(), w, rows.Events, fmt.Appendln(nil, i)); err != nil {
			return err
		}
		if _, err := fmt.Println(i); err != nil {
			return err
		}
	}
}

func TestLocalFilesSurvivesKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "warehouse")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	last := -1
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		if last, err = strconv.Atoi(scanner.Text()); err != nil {
			break // the line that the kill cut short
		}
		if last == 5000 {
			_ = cmd.Process.Kill()
		}
	}
	if last < 5000 {
		t.Fatalf("the writer ended after %d lines", last)
	}
	lines := tableLines(t, dir, rows.Events)
	if len(lines) <= last || strings.Join(lines[:3], " ") != "0 1 2" || lines[last] != strconv.Itoa(last) {
		t.Errorf("%d lines survive, and %d had been acknowledged", len(lines), last+1)
	}
}
