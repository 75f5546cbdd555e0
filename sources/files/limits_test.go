package files

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// repeated reads n bytes, all the same.
type repeated struct {
	b byte
	n int64
}

func (r *repeated) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), r.n))
	b[0] = r.b
	for done := 1; done < n; done *= 2 {
		copy(b[done:n], b[:done])
	}
	r.n -= int64(n)
	return n, nil
}

// TestLongLinesAreCut: a line takes a bounded part of the memory, however long it is, and those
// around it are whole.
func TestLongLinesAreCut(t *testing.T) {
	for _, n := range []int64{maxLineBytes, maxLineBytes + 1, maxLineBytes + chunkBytes, 2*maxLineBytes - 5,
		2 * maxLineBytes, 3*maxLineBytes + 7} {
		for _, end := range []string{"\nlast\n", "\nlast", "\n", ""} {
			t.Run(fmt.Sprintf("%d%q", n, end), func(t *testing.T) {
				stream := io.MultiReader(strings.NewReader("first\n"), &repeated{'x', n}, strings.NewReader(end))
				lines, err := readContent(&counter{r: stream}).all()
				if err != nil {
					t.Fatal(err)
				}
				want := 2
				if strings.Contains(end, "last") {
					want = 3
				}
				if len(lines) != want || string(lines[0].text) != "first" || want == 3 &&
					string(lines[2].text) != "last" {
					t.Fatalf("%d lines, want %d", len(lines), want)
				}
				long := lines[1]
				if got := min(n, maxLineBytes); int64(len(long.text)) != got || long.cut != n-got ||
					cap(long.text) != len(long.text) {
					t.Errorf("%d bytes and %d cut of %d", len(long.text), long.cut, n)
				}
			})
		}
	}
}

// TestALineWithoutEnd reads a gigabyte that is one line.
func TestALineWithoutEnd(t *testing.T) {
	l := readContent(&counter{r: &repeated{'x', 1 << 30}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	lines, err := l.all()
	runtime.ReadMemStats(&after)
	if err != nil || len(lines) != 1 || lines[0].cut != 1<<30-maxLineBytes {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 5*maxLineBytes {
		t.Errorf("it took %d MB of memory", took>>20)
	}
}

// TestACutLineIsAMessage that the decoder refuses, at its place in the file.
func TestACutLineIsAMessage(t *testing.T) {
	path := writeFile(t, t.TempDir(), "a.jsonl", "a\n"+strings.Repeat("x", maxLineBytes+3)+"\nb\n")
	messages := open(t, File{Path: path, Format: event.FormatWMS}, 0).rest(t, 10)
	if len(messages) != 3 || messages[1].Cut != 3 || messages[1].Line != 2 || messages[2].Line != 3 ||
		string(messages[2].Data) != "b" {
		t.Errorf("%d messages", len(messages))
	}
	// A file whose cursor was lost is found again behind it.
	if messages := open(t, File{Path: path, Format: event.FormatWMS}, 2).rest(t, 10); len(messages) != 1 ||
		messages[0].Line != 3 {
		t.Errorf("again: %d messages", len(messages))
	}
}

// bomb is gzip of n equal bytes.
func bomb(t *testing.T, b byte, n int64) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.Copy(z, &repeated{b, n}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestGzipBombs end with an error, be they one endless line or endless blank lines.
func TestGzipBombs(t *testing.T) {
	for name, b := range map[string]byte{"one line": 'x', "blank lines": '\n'} {
		t.Run(name, func(t *testing.T) {
			const free = 4 << 20 // the whole of freeExpansion takes long under the race detector
			stored := &counter{r: bytes.NewReader(bomb(t, b, free+chunkBytes))}
			z, err := gzip.NewReader(stored)
			if err != nil {
				t.Fatal(err)
			}
			_, err = (&lineReader{r: &expansion{z: z, compressed: stored, free: free}}).all()
			if !errors.Is(err, errExpansion) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestExpansionInProportion: neither a small file that expands much nor a large one that expands
// little is refused.
func TestExpansionInProportion(t *testing.T) {
	for name, e := range map[string]*expansion{
		"small": {out: freeExpansion - 1, free: freeExpansion, compressed: &counter{n: 1}},
		"large": {out: 100 * freeExpansion, free: freeExpansion,
			compressed: &counter{n: 100 * freeExpansion / maxExpansion}},
	} {
		z, err := gzip.NewReader(bytes.NewReader(gzipped(t, "x")))
		if err != nil {
			t.Fatal(err)
		}
		e.z = z
		if got, err := io.ReadAll(e); err != nil || string(got) != "x" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestFilesAreBounded, by their number.
func TestFilesAreBounded(t *testing.T) {
	if err := checkFiles(make([]File, maxFiles)); err != nil {
		t.Error(err)
	}
	if err := checkFiles(make([]File, maxFiles+1)); err == nil || !strings.Contains(err.Error(), fmt.Sprint(maxFiles)) {
		t.Errorf("got %v", err)
	}
}
